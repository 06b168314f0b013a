import { randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JsonSocket, type Message } from "./json-socket.ts";

/** An answer may take long where many VMs share few processors. */
const CALL_MS = 30_000;
/** How long a droplet may be silent, in ms, that is starting or busy; and how long one connection, before the next is tried. */
interface Patience {
  readonly silentMs: number;
  readonly syncMs: number;
}
const PATIENCE: Patience = { silentMs: 60_000, syncMs: 15_000 };
const POLL_MS = 100;

/** The socket of QEMU's guest agent in a droplet's folder. */
export function agentSocket(dir: string): string {
  return join(dir, "agent.sock");
}

/** What a command in the guest left behind. */
export interface GuestResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a shell command as root in the guest, through QEMU's guest agent: no network, no login.
 *
 * @param dir the droplet's folder
 * @param timeoutMs for the command, once the agent has answered
 * @returns also when the command failed: look at `exitCode`
 * @throws Error when the agent does not answer, or not in time
 *
 * @example (await guestExec(dir, "cat /proc/sys/kernel/random/boot_id")).stdout
 */
export async function guestExec(
  dir: string,
  command: string,
  timeoutMs = 120_000,
  patience: Patience = PATIENCE,
): Promise<GuestResult> {
  const agent = await openPatiently(dir, patience);
  const until = Date.now() + timeoutMs;
  try {
    const argument = { path: "/bin/sh", arg: ["-c", command], "capture-output": true };
    const { pid } = (await call(agent, "guest-exec", argument)) as { pid: number };
    for (;;) {
      const status = (await call(agent, "guest-exec-status", { pid })) as ExecStatus;
      if (status.exited) return result(status);
      if (Date.now() > until) throw new Error(`the command is still running in the guest after ${timeoutMs / 1000} s`);
      await sleep(POLL_MS);
    }
  } finally {
    agent.close();
  }
}

/** Whether the guest agent answers within `timeoutMs`: then the guest is up as far as its basic services. */
export async function agentAnswers(dir: string, timeoutMs: number): Promise<boolean> {
  try {
    (await openAgent(dir, timeoutMs)).close();
    return true;
  } catch {
    return false;
  }
}

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly "out-data"?: string;
  readonly "err-data"?: string;
}

function result(status: ExecStatus): GuestResult {
  const exitCode = status.exitcode ?? 128 + (status.signal ?? 0);
  return { exitCode, stdout: decode(status["out-data"]), stderr: decode(status["err-data"]) };
}

function decode(data: string | undefined): string {
  return Buffer.from(data ?? "", "base64").toString("utf8");
}

/** Nothing has been run yet, so asking again is safe; a connection from before the guest opened its port may never be answered. */
async function openPatiently(dir: string, { silentMs, syncMs }: Patience): Promise<JsonSocket> {
  for (const until = Date.now() + silentMs; ;) {
    try {
      return await openAgent(dir, syncMs);
    } catch (error) {
      if (!(error instanceof Silent) || Date.now() >= until) throw error;
      await sleep(POLL_MS); // where the connection closes at once
    }
  }
}

/** The guest agent, or what stands in for it, did not answer. */
class Silent extends Error {}

/**
 * Connects and synchronises (QEMU's guest-sync-delimited): half a call of an earlier, broken-off conversation may still be with the agent,
 * so a 0xff comes first, at which it forgets that; and answers may still be on their way, so only the one that carries our number counts.
 */
async function openAgent(dir: string, timeoutMs: number): Promise<JsonSocket> {
  const id = randomInt(1, 2 ** 47);
  let synchronised = false;
  const agent = await JsonSocket.connect(agentSocket(dir), (message) => synchronised || message["return"] === id);
  try {
    agent.flushPeer();
    await agent.call({ execute: "guest-sync-delimited", arguments: { id } }, timeoutMs);
    synchronised = true;
    return agent;
  } catch (cause) {
    agent.close();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Silent(`expected the guest agent to answer, got: ${why}; is the droplet up?`, { cause });
  }
}

async function call(agent: JsonSocket, execute: string, argument: Message): Promise<unknown> {
  const answer = await agent.call({ execute, arguments: argument }, CALL_MS);
  if ("error" in answer) throw new Error(`the guest agent refused ${execute}: ${JSON.stringify(answer["error"])}`);
  return answer["return"];
}
