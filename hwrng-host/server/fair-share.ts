/** Who may be connected: a full house makes room for a newcomer at the cost of whoever takes most of it. */
import { isIPv6, type Socket } from "node:net";

/**
 * Connections by address. One VM that opens all there are would otherwise keep every other VM out, and for that it needs
 * no key at all.
 */
export class FairShare {
  readonly #max: number;
  readonly #byAddress = new Map<string, Set<Socket>>();
  #open = 0;

  /** @param max connections at once, of all addresses together */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false when there is no room for it: its address has as many as any other; it is closed then */
  admit(socket: Socket): boolean {
    const name = networkOf(socket.remoteAddress ?? "");
    const mine = this.#byAddress.get(name) ?? new Set();
    if (this.#open >= this.#max) {
      const most = this.#most();
      if (mine.size + 1 >= most.size) {
        socket.destroy();
        return false;
      }
      // Its oldest: that one is nearest to its deadline.
      const [oldest] = most;
      if (oldest !== undefined) this.#leave(oldest, most);
      oldest?.destroy();
    }
    this.#byAddress.set(name, mine.add(socket));
    this.#open++;
    socket.once("close", () => {
      this.#leave(socket, mine);
      if (mine.size === 0 && this.#byAddress.get(name) === mine) this.#byAddress.delete(name);
    });
    return true;
  }

  endAll(): void {
    for (const sockets of this.#byAddress.values()) for (const socket of sockets) socket.destroy();
  }

  #leave(socket: Socket, from: Set<Socket>): void {
    if (from.delete(socket)) this.#open--;
  }

  #most(): Set<Socket> {
    let most = new Set<Socket>();
    for (const sockets of this.#byAddress.values()) if (sockets.size > most.size) most = sockets;
    return most;
  }
}

/** An IPv6 host has a /64 to itself, and as many addresses as it likes in there. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) while (groups.length < 4) groups.push("0");
  return groups.slice(0, 4).join(":");
}
