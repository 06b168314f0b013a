import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentAnswers, agentSocket, guestExec } from "./guest-agent.ts";

type Reply = (message: { execute: string; arguments: Record<string, unknown> }) => readonly string[];

let dir: string;
const servers: net.Server[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "agent-"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(dir, { recursive: true });
});

/** A fake guest agent: says first what an earlier, broken-off conversation left over. */
async function fakeAgent(reply: Reply, leftOver = ""): Promise<void> {
  const server = net.createServer((socket) => {
    socket.write(leftOver, "latin1");
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().split("\n").filter(Boolean)) {
        for (const answer of reply(JSON.parse(line) as Parameters<Reply>[0])) socket.write(answer, "latin1");
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(agentSocket(dir), resolve));
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const returns = (value: unknown): string => `${JSON.stringify({ return: value })}\n`;
const shell =
  (status: object): Reply =>
  ({ execute, arguments: given }) => {
    if (execute === "guest-sync-delimited") return ["\u00FF", returns(given["id"])];
    return [execute === "guest-exec" ? returns({ pid: 7 }) : returns(status)];
  };

describe("guestExec", () => {
  it("gives output and exit code", async () => {
    await fakeAgent(shell({ exited: true, exitcode: 3, "out-data": base64("größe\n"), "err-data": base64("oops") }));
    expect(await guestExec(dir, "true")).toEqual({ exitCode: 3, stdout: "größe\n", stderr: "oops" });
  });

  it("is not confused by what an earlier conversation left over", async () => {
    await fakeAgent(shell({ exited: true, exitcode: 0 }), `rned":true}\n${returns(1)}${returns({ pid: 99 })}`);
    expect(await guestExec(dir, "true")).toMatchObject({ exitCode: 0 });
  });

  it("counts a signal as a shell does", async () => {
    await fakeAgent(shell({ exited: true, signal: 9 }));
    expect((await guestExec(dir, "true")).exitCode).toBe(137);
  });

  it("says what the agent refused", async () => {
    await fakeAgent((message) =>
      message.execute === "guest-exec"
        ? ['{"error": {"class": "CommandNotFound"}}\n']
        : shell({ exited: true })(message),
    );
    await expect(guestExec(dir, "true")).rejects.toThrow(/refused guest-exec.*CommandNotFound/);
  });

  it("gives up on a command that does not end", async () => {
    await fakeAgent(shell({ exited: false }));
    await expect(guestExec(dir, "sleep 9", 50)).rejects.toThrow(/still running/);
  });
});

describe("agentAnswers", () => {
  it("is false for silence, for no socket, and for a connection that closes", async () => {
    expect(await agentAnswers(dir, 50)).toBe(false);
    await fakeAgent(() => []);
    expect(await agentAnswers(dir, 50)).toBe(false);
  });
});
