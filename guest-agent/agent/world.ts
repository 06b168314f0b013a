/** Everything outside of the agent's own decisions, as arguments: clock, randomness, disk, network, kernel, log. */

/** Files below one root. All calls are synchronous: they are few, small, and in order. */
export interface Disk {
  /** The whole file, null when it is not there, no bytes where there is something but a file. @throws for any other reason */
  read(path: string): Uint8Array | null;
  /** Replaces the file as a whole: durable on return, or it throws and the old one is still there. */
  replace(path: string, content: Uint8Array): void;
  /** Puts a file aside under another name, in place of one that has it. */
  rename(path: string, to: string): void;
  /** Overwrites with zeros and removes; nothing happens when it is not there. */
  wipe(path: string): void;
  /** Names in a folder, but of links; empty when it is not there. */
  list(folder: string): string[];
  /** When the file was last written, milliseconds since 1970; null when it is not there. */
  modifiedMs(path: string): number | null;
}

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** A TLS 1.3 connection whose certificate nobody has judged yet. */
export interface Connection {
  /** SHA-256 of the server's certificate, 32 bytes. */
  readonly pin: Uint8Array;
  post(path: string, body: Uint8Array): Promise<Answer>;
  close(): void;
}

export interface Network {
  /** @param address `host:port`, an IPv6 address in brackets @throws when nobody answers in time */
  connect(address: string): Promise<Connection>;
}

/** Return codes are errno of the two ioctls: 0 done, 255 not tried. */
export interface Kernel {
  /** Makes the generator start from the pool now. */
  reseed(): Promise<number>;
  /** RNDADDENTROPY with credit 0, then RNDRESEEDCRNG. @param hash64 64 bytes */
  mixAndReseed(hash64: Uint8Array): Promise<{ readonly rcMix: number; readonly rcReseed: number }>;
}

export interface World {
  readonly disk: Disk;
  readonly network: Network;
  readonly kernel: Kernel;
  /** Names of this machine; with some, an enrolment under another is refused. */
  readonly instanceIds?: readonly string[];
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  /** Monotonic and wall clock in nanoseconds, 8 bytes each. */
  clocks(): Uint8Array;
  /** Bytes for a key, read from the kernel's generator now. The caller wipes them. @throws when they cannot be read */
  random(bytes: number): Uint8Array;
  /** A line for the journal; never a secret. */
  say(line: string): void;
}
