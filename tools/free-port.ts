/** A TCP port for a test's own service, or the demo's. */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOWEST = 15_000;
const TRIES = 100;

/** The first port that the kernel takes by itself, for outgoing connections and for port 0 (ip(7), ip_local_port_range). */
const firstEphemeral = (): number =>
  Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/**
 * One that nobody has, and that nobody is given by the kernel before it is used: at random below the kernel's own range.
 *
 * @throws Error when none of a hundred is free
 */
export async function freePort(): Promise<number> {
  const end = Math.max(firstEphemeral(), LOWEST + TRIES);
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LOWEST, end);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES} ports from ${LOWEST} on is free`);
}
