/** The TypeScript agent's own modules; network, kernel, clocks and the one-time key are replaced, nothing else. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realDisk } from "../../guest-agent/agent/disk.ts";
import { hostFolders } from "../../guest-agent/agent/host-folder.ts";
import { topUp } from "../../guest-agent/agent/topup.ts";
import type { World } from "../../guest-agent/agent/world.ts";
import { u64be } from "../../protocol/bytes.ts";
import * as ex from "../../protocol/testing/example.ts";
import type { Answer, Case } from "./case.ts";
import { CLOCKS, type Guest, GuestRoot, type Outcome } from "./guest.ts";

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 24);

export class AgentGuest implements Guest {
  readonly name = "agent";
  readonly #root = new GuestRoot();
  #answers: Answer[] = [];
  #sent: [string, string][] = [];
  #kernel: string[] = [];
  readonly #world: World = {
    disk: realDisk(this.#root.root),
    instanceIds: [ex.instanceId, "0123456789abcdef0123456789abcdef"],
    nowMs: () => 1_790_000_000_000,
    clocks: () => CLOCKS.slice(),
    random: (bytes) => {
      this.#kernel.push(`read ${bytes}`);
      return ex.pkE.privateKey.slice();
    },
    say: () => undefined,
    kernel: {
      reseed: async () => (this.#kernel.push("reseed"), 0),
      mixAndReseed: async (hash64) => {
        this.#kernel.push(`mix 0 ${digest(hash64)}`, "reseed");
        return { rcMix: 0, rcReseed: 0 };
      },
    },
    network: {
      connect: async () => ({
        pin: ex.tlsPin,
        post: async (path, body) => {
          this.#sent.push([path, digest(body)]);
          const answer = this.#answers.shift();
          if (answer === undefined) throw new Error("nobody answers");
          return answer;
        },
        close: () => undefined,
      }),
    },
  };

  async deliver({ counter = 0, statement = ex.statement, answers, files }: Case): Promise<Outcome> {
    const { folder } = this.#root;
    if (files !== undefined) this.#root.lay(files);
    if (files === undefined) writeFileSync(join(folder, "statement"), statement);
    if (files === undefined)
      for (const name of ["topup.json", "counter", "issuer"]) rmSync(join(folder, name), { force: true });
    if (counter > 0) writeFileSync(join(folder, "counter"), u64be(counter));
    this.#answers = [...answers];
    this.#sent = [];
    this.#kernel = [];
    const [host] = hostFolders(this.#world, "/var/lib/bootseed");
    if (host === undefined) throw new Error("expected a host's folder");
    const done = await topUp(this.#world, host, true);
    const notes = host.read("topup.json");
    const kept = readdirSync(folder).filter((name) => name !== "topup.json");
    return {
      notes: notes === null ? {} : (JSON.parse(Buffer.from(notes).toString()) as Record<string, unknown>),
      thrown: done.outcome === "failed" && done.code === "unreachable" ? "OSError" : "",
      sent: this.#sent,
      kernel: this.#kernel,
      files: Object.fromEntries(kept.map((name) => [name, digest(readFileSync(join(folder, name)))])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#root[Symbol.dispose]();
  }
}
