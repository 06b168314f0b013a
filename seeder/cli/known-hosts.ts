/**
 * `bootseed known-hosts`: lines for a file, or for one connection as OpenSSH's KnownHostsCommand (ssh_config(5)), which
 * asks for the host of %H: an address, `[address]:port`, or a name. ssh compares the first word of a line with just that.
 */
import { BootseedError, type Vm } from "@bootseed/protocol";
import { alarmsOf, remarksOf, replacedIn } from "../droplet/alarms.ts";
import { knownHostsLines } from "../droplet/known-hosts.ts";
import { atAddress, currentOf, lookUp } from "./select.ts";
import { waitHint } from "./wait-hint.ts";

/** What to print, and what to say on stderr. */
export interface KnownHosts {
  lines: string;
  remarks: string[];
  /** A key was left out because another machine is in its VM's place. */
  withheld: true | undefined;
}

/** `[web-7]:2222` as ssh writes it where the port is not 22. */
function splitHost(text: string, sshPort: number): { host: string; port: number } {
  const [, host = text, port] = /^\[(.+)\]:(\d{1,5})$/.exec(text) ?? [];
  return { host, port: port === undefined ? sshPort : Number(port) };
}

/** @throws BootseedError "usage" */
export function sshPortOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new BootseedError("usage", `expected a port from 1 to 65535, got ${text}`);
}

const isRevoked = (vm: Vm): boolean => vm.revokedAt !== undefined && vm.revokedAt !== null;

function linesOf(vm: Vm, hosts: readonly string[], port: number, said: Omit<KnownHosts, "lines">): string {
  const { remarks } = said;
  if (isRevoked(vm)) {
    remarks.push(`${vm.name} was revoked: nothing is printed for it`);
    return "";
  }
  const replaced = replacedIn(vm);
  if (replaced !== undefined) {
    remarks.push(`${vm.name}: ${replaced}: nothing is printed for it; bootseed vm acknowledge ${vm.name} clears this`);
    said.withheld = true;
    return "";
  }
  for (const line of [...alarmsOf(vm), ...remarksOf(vm)]) remarks.push(`${vm.name}: ${line}`);
  if (vm.report === null)
    remarks.push(`${vm.name} has not reported yet: nothing is printed for it${waitHint(vm.stack)}`);
  if (vm.hostKeysChanged)
    remarks.push(`${vm.name} has changed its host keys since its first report; the first are printed`);
  return knownHostsLines(hosts, vm.report?.hostKeys ?? [], port);
}

/**
 * Which stacks have a VM of each name and address. Both are what a stack's own program says; whoever may mint for one
 * stack must not vouch for the machines of another.
 */
function stacksOf(vms: readonly Vm[]): Map<string, Set<string>> {
  const stacks = new Map<string, Set<string>>();
  for (const vm of currentOf(vms)) {
    if (isRevoked(vm)) continue;
    for (const word of [...vm.addresses, vm.name, vm.seedId, vm.instanceId ?? ""])
      stacks.set(word, (stacks.get(word) ?? new Set()).add(vm.stack));
  }
  return stacks;
}

function contested(host: string, stacks: ReadonlySet<string>): string {
  const names = [...stacks].map((stack) => (stack === "" ? "machines that joined" : stack)).join(", ");
  return `${host} is in several stacks (${names}): nothing is printed for it; name one with --stack, or revoke what is gone`;
}

/**
 * @param wanted names, addresses, `[address]:port`; none: every VM that has reported
 * @param sshPort for what is not written with a port
 * @returns no line for a host that is not known: ssh then refuses it, where StrictHostKeyChecking is yes
 */
export function knownHosts(vms: readonly Vm[], wanted: readonly string[], sshPort: number): KnownHosts {
  const said = { remarks: [] as string[], withheld: undefined as true | undefined };
  const { remarks } = said;
  const stacks = stacksOf(vms);
  const stackOf = (host: string): string | undefined => [...(stacks.get(host) ?? [])][0];
  const isClear = (host: string): boolean => {
    const having = stacks.get(host);
    if (having === undefined || having.size < 2) return true;
    remarks.push(contested(host, having));
    return false;
  };
  const known = (): string[] =>
    currentOf(vms)
      .filter((vm) => vm.report !== null)
      .map((vm) => linesOf(vm, vm.addresses.filter(isClear), sshPort, said));
  const asked = (text: string): string => {
    const { host, port } = splitHost(text, sshPort);
    if (!isClear(host)) return "";
    const only = stackOf(host);
    const own = only === undefined ? vms : vms.filter(({ stack }) => stack === only);
    const there = atAddress(own, host);
    if (there !== undefined) return linesOf(there, [host], port, said);
    const named = lookUp(own, host);
    // Also under the name itself: that is what ssh looks for after `ssh web-7`, or with HostKeyAlias.
    if (named !== undefined) return linesOf(named, [...named.addresses.filter(isClear), host], port, said);
    remarks.push(`no VM is called ${host} or has that address: nothing is printed for it`);
    return "";
  };
  const lines = wanted.length === 0 ? known() : wanted.map(asked);
  return { lines: lines.join(""), remarks: [...new Set(remarks)], withheld: said.withheld };
}
