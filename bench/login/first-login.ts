/** From `pulumi up` to a shell in a new VM: with bootseed strictly, by the stack's output; without it with any host key. */
import { connect } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { Cloud } from "../../tools/lab/cloud.ts";
import { logIn, type Login, strictSsh } from "../../tools/lab/login.ts";
import type { DropletConfig, Stack } from "../../tools/lab/stack.ts";

/** Seconds since `pulumi up` was typed, unless said otherwise. */
export interface Times {
  /** `pulumi up` has ended. */
  readonly up: number;
  /** A command ran in the VM. */
  readonly login: number;
  /** Until sshd was started, by the VM's own clock since its kernel began. */
  readonly sshd: number;
}

export interface Side {
  readonly stack: Stack;
  readonly cloud: Cloud;
  /** folder for known_hosts */
  readonly dir: string;
  /** private key file */
  readonly key: string;
}

const DEADLINE_MS = 400_000;
/** How often an unreachable VM is dialled: the error of the plain side. */
const DIAL_MS = 200;

/** Known keys, no question, one try. */
export async function seededLogin(side: Side, droplet: DropletConfig): Promise<Times> {
  await side.stack.setDroplets([droplet]);
  const began = performance.now();
  await side.stack.pulumi(UP);
  const up = secondsSince(began);
  const lines = String(await side.stack.output("knownHosts"));
  const knownHosts = join(side.dir, "known_hosts");
  writeFileSync(knownHosts, lines);
  const address = /^\[?([\d.]+)/.exec(lines)?.[1] ?? "";
  await logIn(loginTo(side, address, knownHosts), "true");
  return finished(side, began, up);
}

/** What a person without bootseed does: whatever key it shows is taken. */
export async function plainLogin(side: Side, droplet: DropletConfig): Promise<Times> {
  await side.stack.setDroplets([droplet]);
  const began = performance.now();
  await side.stack.pulumi(UP);
  const up = secondsSince(began);
  const [address = ""] = (await side.stack.output("addresses")) as string[];
  await sshdAnswers(address, side.cloud.sshPort);
  const any = ["-o", "StrictHostKeyChecking=no", ...strictSsh(loginTo(side, address, "/dev/null"))];
  // Again until it is let in: sshd may listen before users may log in.
  for (;;) {
    const { failed } = await execa("ssh", [...any, "true"], { stdin: "ignore", timeout: 60_000, reject: false });
    if (!failed) return finished(side, began, up);
    if (secondsSince(began) * 1000 > DEADLINE_MS) throw new Error(`${address} lets nobody in`);
  }
}

const UP = ["up", "--yes", "--skip-preview"];
const secondsSince = (began: number): number => (performance.now() - began) / 1000;

const loginTo = ({ cloud, key }: Side, address: string, knownHosts: string): Login => ({
  address,
  port: cloud.sshPort,
  user: "debian",
  key,
  knownHosts,
});

async function finished({ cloud, stack }: Side, began: number, up: number): Promise<Times> {
  const login = secondsSince(began);
  const [id = ""] = await dropletIds(cloud);
  const started = await cloud.exec(id, "systemctl show --value -p ActiveEnterTimestampMonotonic ssh.service");
  await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  return { up, login, sshd: Number(started) / 1e6 };
}

async function dropletIds({ api }: Cloud): Promise<string[]> {
  const answer = await fetch(`${api}/v2/droplets`, { headers: { authorization: "Bearer loopback-only" } });
  return ((await answer.json()) as { droplets: { id: number }[] }).droplets.map(({ id }) => String(id));
}

/** Dials until somebody says "SSH-", without waiting for earlier tries: a VM that has no network yet leaves them hanging. */
async function sshdAnswers(host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`no sshd at ${host} within ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
  const dial = (): void => {
    const socket = connect({ host, port });
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("error", () => undefined);
    socket.once("data", (data) => {
      if (data.toString("latin1").startsWith("SSH-")) resolve();
      socket.destroy();
    });
  };
  const dialling = setInterval(dial, DIAL_MS);
  try {
    await promise;
  } finally {
    clearInterval(dialling);
    clearTimeout(late);
  }
}
