/**
 * `bootseed known-hosts`: lines for a file, or for one connection as OpenSSH's KnownHostsCommand (ssh_config(5)), which
 * asks for the host of %H: an address, `[address]:port`, or a name. ssh compares the first word of a line with just that.
 */
import {
  BootseedError,
  canonicalAddress,
  currentOf,
  hostKeyWord,
  isGone,
  isLive,
  nameProblem,
  typedAddress,
  type Vm,
  wordProblem,
} from "@bootseed/protocol";
import { alarmsOf, remarksOf, replacedIn } from "../droplet/alarms.ts";
import { linesUnder } from "../droplet/known-hosts.ts";
import { contestedWords, contestRemark } from "./contests.ts";
import { counted, leftOut, replacedBy } from "./gone.ts";
import { withId, withWord } from "./select.ts";
import { waitHint } from "./wait-hint.ts";

/** What to print, and what to report on stderr. */
export interface KnownHosts {
  lines: string;
  remarks: string[];
  /**
   * A key was left out because another machine is in its VM's place, or a word because several VMs have it or no
   * known_hosts file can hold it.
   */
  withheld: true | undefined;
}

/** What a VM is printed under when no name is asked for. Two stacks may use one name: it is printed where there is no address. */
const ownWords = ({ name, addresses }: Vm): readonly string[] => (addresses.length === 0 ? [name] : addresses);

/** An address as ssh prints it, a name in lower case: with its final dot, if ssh was given one. */
const written = (word: string): string => canonicalAddress(word) ?? word.toLowerCase();

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

/**
 * The words by which a host is asked for what {@link knownHosts} looks for.
 *
 * @param text as in `wanted` of {@link knownHosts}
 */
export function hostsOf(text: string, sshPort: number): string[] {
  const { host: typed } = splitHost(text, sshPort);
  return [...new Set([typed, typedAddress(typed) ?? typed])];
}

class Printer {
  readonly remarks: string[] = [];
  withheld: true | undefined;
  readonly #vms: readonly Vm[];
  readonly #contested: ReturnType<typeof contestedWords>;

  constructor(vms: readonly Vm[], stack?: string) {
    this.#vms = vms;
    this.#contested = contestedWords(vms, stack);
  }

  /** Every VM that has reported. */
  all(port: number): string {
    const current = currentOf(this.#vms);
    const live = current.filter(isLive);
    const silent = live.filter(({ report }) => report === null);
    const nameOnly = live.filter(
      ({ report, addresses, name }) => report !== null && addresses.length === 0 && nameProblem(name) === null,
    );
    this.remarks.push(
      ...leftOut(this.#vms),
      ...replacedBy(current, this.#vms),
      ...counted(silent, "has not reported yet: nothing is printed for it"),
      ...counted(nameOnly, "has no address at this host: it is printed under its name alone"),
    );
    const shown = current.filter((vm) => vm.report !== null);
    const lines = shown.map((vm) => this.#linesOf(vm, ownWords(vm), port)).join("");
    if (lines === "" && this.remarks.length === 0)
      this.remarks.push(`nothing is printed: this host shows ${current.length} VMs, none of which has a key to print`);
    return lines;
  }

  /** @param text as ssh gives it for %H, or as a user types it */
  asked(text: string, sshPort: number): string {
    const { host: typed, port } = splitHost(text, sshPort);
    // ssh resolves `127.1` before it asks: a user who types it means that address.
    const host = typedAddress(typed) ?? typed;
    if (!this.#isClear(host)) return "";
    const current = currentOf(this.#vms);
    const live = current.filter(isLive);
    const there = withWord(live, host) ?? withWord(live, typed) ?? withWord(current, host);
    if (there !== undefined) {
      const isName = there.name === typed || hostKeyWord(there.name) === hostKeyWord(host);
      // Also under the name itself: that is what ssh looks for after `ssh web-7`, or with HostKeyAlias.
      const words = isName ? [...there.addresses, there.name, typed] : [host];
      return this.#linesOf(there, words, port);
    }
    // Neither is a word that ssh looks for, and an instance-id is what a machine calls itself.
    const known = withId(current, typed);
    if (known !== undefined) return this.#linesOf(known, ownWords(known), port);
    const gone = this.#vms.filter(isGone);
    const was = withWord(gone, host) ?? withId(gone, typed);
    const why = was === undefined ? `no VM is called ${typed} or has that address` : `${was.name} is gone`;
    this.remarks.push(`${why}: nothing is printed for it`);
    return "";
  }

  #linesOf(vm: Vm, words: readonly string[], port: number): string {
    if (!isLive(vm)) {
      this.remarks.push(`${vm.name} was revoked: nothing is printed for it`);
      return "";
    }
    const replaced = replacedIn(vm);
    if (replaced !== undefined) {
      const fix = `bootseed vm acknowledge ${vm.name} clears this`;
      this.#withhold(`${vm.name}: ${replaced}: nothing is printed for it; ${fix}`);
      return "";
    }
    for (const line of [...alarmsOf(vm), ...remarksOf(vm)]) this.remarks.push(`${vm.name}: ${line}`);
    if (vm.report === null)
      this.remarks.push(`${vm.name} has not reported yet: nothing is printed for it${waitHint(vm.stack)}`);
    if (vm.hostKeysChanged)
      this.remarks.push(
        `${vm.name} has changed its host keys since its first report; the first are printed, until bootseed vm approve ${vm.name}`,
      );
    const keys = vm.report?.hostKeys ?? [];
    const printed = words.filter((word) => this.#isClear(word) && this.#isWritable(vm, word));
    return linesUnder([...new Set(printed.map(written))], keys, port);
  }

  #isClear(word: string): boolean {
    const holders = this.#contested.get(hostKeyWord(word));
    if (holders === undefined) return true;
    this.#withhold(contestRemark(hostKeyWord(word), holders));
    return false;
  }

  #isWritable({ name }: Vm, word: string): boolean {
    const problem = word === name ? nameProblem(word) : wordProblem(word);
    if (problem === null) return true;
    this.#withhold(`${JSON.stringify(word)}${word === name ? "" : ` of ${name}`} cannot be printed: it ${problem}`);
    return false;
  }

  #withhold(remark: string): void {
    this.remarks.push(remark);
    this.withheld = true;
  }
}

/**
 * @param wanted names, addresses, `[address]:port`; none: every VM that has reported
 * @param sshPort for what is not written with a port
 * @param stack the one that `vms` were limited to, if any
 * @returns no line for a host that is not known: ssh then refuses it, where StrictHostKeyChecking is yes
 */
export function knownHosts(vms: readonly Vm[], wanted: readonly string[], sshPort: number, stack?: string): KnownHosts {
  const printer = new Printer(vms, stack);
  const lines =
    wanted.length === 0 ? printer.all(sshPort) : wanted.map((text) => printer.asked(text, sshPort)).join("");
  return { lines, remarks: [...new Set(printer.remarks)], withheld: printer.withheld };
}
