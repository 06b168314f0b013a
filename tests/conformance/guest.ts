/** A guest under conformance tests: one delivery from a given state, and everything that it did. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import * as ex from "../../protocol/testing/example.ts";
import { opensshPrivateKey } from "./openssh-key.ts";
import type { Case } from "./case.ts";

/** What one delivery did; digests are the first 24 hex digits of SHA-256. */
export interface Outcome {
  /** topup.json afterwards: `last`, or the refusal's code with its count. */
  readonly notes: Record<string, unknown>;
  /** Name of an error that is no refusal; empty otherwise. */
  readonly thrown: string;
  /** Path and digest of every request. */
  readonly sent: readonly (readonly [string, string])[];
  /** `mix <credit> <digest>`, `reseed`, and `read <bytes>` of the generator, in order. */
  readonly kernel: readonly string[];
  /** Digest of every file of the host's folder but topup.json. */
  readonly files: Record<string, string>;
}

export interface Guest extends AsyncDisposable {
  readonly name: string;
  deliver(one: Case): Promise<Outcome>;
}

/** Monotonic and wall clock, 8 bytes each: what is mixed with the chunk. */
export const CLOCKS: Uint8Array = ex.example("clocks", 16);

/** RAM where there is: a hundred thousand refusals are as many durable writes. */
const FOLDER = process.platform === "linux" ? "/dev/shm" : "/tmp";

/** A VM's state below a root of its own, as the kit leaves it after the claim. */
export class GuestRoot implements Disposable {
  readonly root: string = mkdtempSync(join(FOLDER, "bootseed-conformance-"));
  readonly folder: string = join(this.root, "var/lib/bootseed", toHex(ex.hostId));

  readonly #enrolment: Record<string, Uint8Array> = {};

  constructor() {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.write("identity", opensshPrivateKey(ex.identity));
    const shown = execFileSync("/usr/bin/ssh-keygen", ["-y", "-f", join(this.folder, "identity")]);
    this.write("identity.pub", shown);
    this.write("certificate", ex.certificate);
    this.write("psk", ex.psk);
    this.write("statement", ex.statement);
    for (const name of readdirSync(this.folder)) this.#enrolment[name] = readFileSync(join(this.folder, name));
    this.#machine("/var/lib/cloud/data/instance-id", ex.instanceId);
    this.#machine("/etc/machine-id", "0123456789abcdef0123456789abcdef");
    this.#machine("/proc/sys/kernel/random/boot_id", "01234567-89ab-4cde-8f01-23456789abcd");
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), content, { mode: 0o600 });
    chmodSync(join(this.folder, name), 0o600);
  }

  /** Back to the enrolment's files, but for those of the case. */
  lay(files: Case["files"]): void {
    for (const name of readdirSync(this.folder)) if (!(name in this.#enrolment)) rmSync(join(this.folder, name));
    for (const [name, content] of Object.entries({ ...this.#enrolment, ...files }))
      if (content === null) rmSync(join(this.folder, name), { force: true });
      else this.write(name, content);
  }

  #machine(path: string, text: string): void {
    mkdirSync(join(this.root, path, ".."), { recursive: true });
    writeFileSync(join(this.root, path), `${text}\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
