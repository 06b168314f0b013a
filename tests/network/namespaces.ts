/**
 * Machines on one router, as network namespaces: each has a veth pair to the router and an own /24 of 198.18.0.0/15
 * (RFC 2544, for tests of networks). Nothing of it touches the machine's own network.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { prerequisite } from "../prerequisite.ts";

const TOOLS = ["ip", "nft", "tcpdump"];

/** Root, namespaces, nftables and tcpdump. */
export const NAMESPACES_READY: boolean = prerequisite(
  process.getuid?.() === 0 &&
    TOOLS.every((tool) => spawnSync("which", [tool]).status === 0) &&
    spawnSync("unshare", ["-n", "nft", "list", "ruleset"]).status === 0,
  "expected root, network namespaces and nft: apt-get install iproute2 nftables tcpdump, and run as root",
);

/** Runs a program to its end. @throws with its stderr */
function run(program: string, args: readonly string[], input?: string): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["pipe", "pipe", "pipe"], input: input ?? "" });
}

export class Machine {
  /** Of the namespace. */
  readonly name: string;
  /** 198.18.n.2 */
  readonly address: string;
  /** Words before a program that is to run on this machine. */
  readonly before: readonly string[];

  constructor(name: string, address: string) {
    this.name = name;
    this.address = address;
    this.before = ["ip", "netns", "exec", name];
  }

  run(program: string, ...args: string[]): string {
    return run("ip", ["netns", "exec", this.name, program, ...args]);
  }

  /** Loads nftables rules in addition to those that are there. */
  rules(text: string): void {
    run("ip", ["netns", "exec", this.name, "nft", "-f", "-"], text);
  }

  /** One more address on its only interface. @returns it */
  alsoAt(last: number): string {
    const address = this.address.replace(/\d+$/, String(last));
    this.run("ip", "address", "add", `${address}/24`, "dev", "wan");
    return address;
  }
}

let count = 0;

export class Network implements Disposable {
  readonly router: Machine;
  readonly #machines: Machine[] = [];
  readonly #prefix = `bootseed-${process.pid}-${count++}`;

  constructor() {
    sweep();
    this.router = this.#namespace("router", "198.18.0.1");
    this.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
  }

  /** A machine whose only way out is the router, where its interface has the machine's name. */
  machine(name: string): Machine {
    const net = this.#machines.length;
    const machine = this.#namespace(name, `198.18.${net}.2`);
    const veth = ["link", "add", "wan", "netns", machine.name, "type", "veth", "peer", "name", name];
    run("ip", [...veth, "netns", this.router.name]);
    machine.run("ip", "address", "add", `${machine.address}/24`, "dev", "wan");
    machine.run("ip", "link", "set", "wan", "up");
    this.router.run("ip", "address", "add", `198.18.${net}.1/24`, "dev", name);
    this.router.run("ip", "link", "set", name, "up");
    machine.run("ip", "route", "add", "default", "via", `198.18.${net}.1`);
    return machine;
  }

  #namespace(name: string, address: string): Machine {
    const machine = new Machine(`${this.#prefix}-${name}`, address);
    run("ip", ["netns", "add", machine.name]);
    this.#machines.push(machine);
    machine.run("ip", "link", "set", "lo", "up");
    return machine;
  }

  [Symbol.dispose](): void {
    for (const { name } of this.#machines) remove(name);
  }
}

/** Removes what a killed run left: namespaces are named after the process that made them. */
function sweep(): void {
  for (const line of run("ip", ["netns", "list"]).split("\n")) {
    const [, name, pid] = /^(bootseed-(\d+)-\S+)/.exec(line) ?? [];
    if (name !== undefined && !existsSync(`/proc/${pid}`)) remove(name);
  }
}

/** Ends what still runs in a namespace, and removes it. */
function remove(name: string): void {
  for (const pid of run("ip", ["netns", "pids", name]).split("\n").filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  spawnSync("ip", ["netns", "del", name]);
}
