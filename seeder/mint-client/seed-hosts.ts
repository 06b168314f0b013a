/** Which hosts a droplet's seed comes from, as a program or a stack's configuration says it. */
import { BootseedError } from "@bootseed/protocol";
import { socketPathOf } from "./endpoint.ts";

/** A seed file has at most 4 entries (protocol.md, Seed entry and seed file). */
const MAX_HOSTS = 4;

export interface SeedHostsInput {
  host?: string | undefined;
  hosts?: readonly string[] | undefined;
  minHosts?: number | undefined;
}

/**
 * @returns 1 to 4 hosts, each once, and how many of them must answer; by default all
 * @throws BootseedError "usage" when the two contradict each other
 * @example seedHosts({ hosts: ["unix:///run/a.sock", "unix:///run/b.sock"], minHosts: 1 })
 */
export function seedHosts({ host, hosts, minHosts }: SeedHostsInput): { hosts: readonly string[]; minHosts: number } {
  const refuse = (message: string): never => {
    throw new BootseedError("usage", message);
  };
  if (host !== undefined && hosts !== undefined)
    return refuse("expected host or hosts, got both: name them all in hosts");
  const all = hosts ?? (host === undefined ? [] : [host]);
  if (!Array.isArray(all) || all.some((one) => typeof one !== "string"))
    return refuse('expected hosts to be a list of strings like "unix:///run/bootseed/mint.sock"');
  if (all.length === 0) return refuse("expected a host: unix:///run/bootseed/mint.sock, where bootseed-host listens");
  if (all.length > MAX_HOSTS) return refuse(`expected at most ${MAX_HOSTS} hosts, got ${all.length}`);
  for (const one of all) socketPathOf(one);
  const twice = all.find((one, i) => all.indexOf(one) !== i);
  if (twice !== undefined) return refuse(`${twice} is named twice: a host counts once`);
  const least = minHosts ?? all.length;
  if (!Number.isInteger(least) || least < 1 || least > all.length)
    return refuse(`expected minHosts from 1 to ${all.length}, the number of hosts, got ${least}`);
  return { hosts: all, minHosts: least };
}
