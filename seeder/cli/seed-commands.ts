/**
 * Commands that take seeds: `userdata`, `inject`. What they need is loaded when they run: `known-hosts` starts at each
 * ssh login, and needs none of it.
 */
import { BootseedError } from "@bootseed/protocol";
import { type Command, Option } from "commander";
import type { UserDataFormat } from "../render/pack.ts";
import { byteCount } from "./duration.ts";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { nameOf, stackOf } from "./select.ts";
import { say, type Terminal } from "./terminal.ts";

/** Where VMs are counted that no Pulumi program made. */
const DEFAULT_STACK = "local/userdata/default";

type UserDataCommandOptions = HostOption & {
  name: string;
  stack: string;
  format: UserDataFormat;
  template?: string;
  max?: string;
  out?: string;
  force?: true;
};

export function addUserData(program: Command, { env, stdoutIsTty }: Terminal): void {
  withHost(withExamples(program.command("userdata"), "userdata"), env)
    .description("user-data with a fresh seed for one machine that something else than Pulumi creates")
    .requiredOption("--name <name>", "the VM's name, for bootseed vm ls and wait")
    .option("--template <file>", "your own user-data, of any kind that cloud-init knows; - for stdin")
    .addOption(new Option("--format <format>", "gzip is smaller").choices(["mime", "gzip"]).default("mime"))
    .option("--max <size>", "what the cloud takes: 16k on AWS, 32k at Hetzner, 64k at DigitalOcean", "64k")
    .option("--out <file>", "write a file (0600) instead of stdout")
    .option("--stack <stack>", "org/project/stack that the VM is counted under", DEFAULT_STACK)
    .option("--force", "send a template whose first line cloud-init does not know")
    .action(async (options: UserDataCommandOptions) => {
      const { template, format, out } = options;
      const name = nameOf(options.name);
      const stack = stackOf(options.stack);
      const maxBytes = byteCount(options.max ?? "64k");
      if (out === undefined && stdoutIsTty)
        throw new BootseedError(
          "usage",
          "expected --out FILE or a pipe: user-data holds secrets, and this is a screen",
        );
      const { refuseUnwritable, writePrivateFile } = await import("./private-file.ts");
      if (out !== undefined) refuseUnwritable(out, "a seed that no machine has had yet");
      const mint = mintOf(options);
      const wrap = options.force ? "force" : "auto";
      const { readTemplate, seededUserData, userDataSummary } = await import("./userdata.ts");
      const { BROUGHT_KEYS, bringsHostKeys } = await import("../render/brought-keys.ts");
      const { loadKit } = await import("../render/kit.ts");
      const document = readTemplate(template);
      if (bringsHostKeys(document)) say(`${name}: ${BROUGHT_KEYS}`);
      const made = await seededUserData(mint, { name, stack, document, format, maxBytes, wrap, kit: loadKit() });
      if (out === undefined) process.stdout.write(made.bytes);
      else writePrivateFile(out, made.bytes);
      say(userDataSummary(name, made));
    });
}

type InjectOptions = HostOption & { disk?: string; root?: string; partition?: string; stack: string; name?: string };

function partitionOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 128) return number;
  throw new BootseedError("usage", `expected a partition from 1 to 128, got ${text}`);
}

export function addInject(program: Command, { env }: Terminal): void {
  withHost(withExamples(program.command("inject"), "inject"), env)
    .description("512 fresh bytes as the creditable random seed of a closed image, for its first boot")
    .option("--disk <file>", "raw or qcow2 image with ext4; not mounted, not running")
    .option("--partition <n>", "of the disk, where several hold a system")
    .option("--root <dir>", "root folder of a closed image")
    .option("--name <name>", "for the host's log", "image")
    .option("--stack <stack>", "org/project/stack that it is asked under", DEFAULT_STACK)
    .action(async ({ disk, root, partition, stack, name = "image", ...host }: InjectOptions) => {
      if ((disk === undefined) === (root === undefined))
        throw new BootseedError("usage", "expected --disk FILE or --root DIR, one of them");
      const [under, called] = [stackOf(stack), nameOf(name)];
      const [mint, number] = [mintOf(host), partitionOf(partition)];
      const { drawSeed, SEED_BYTES, SEED_FILE } = await import("../inject/random-seed.ts");
      const { injectIntoDisk, openDisk } = await import("../inject/disk.ts");
      const { injectIntoRoot, openRoot } = await import("../inject/root-folder.ts");
      // Whatever can be refused is refused before the host is asked.
      const target = disk === undefined ? openRoot(root ?? "") : await openDisk(disk, number);
      if (target.remark !== undefined) say(`${disk ?? root}: ${target.remark}`);
      const seed = await drawSeed(mint, under, called);
      try {
        if ("file" in target) await injectIntoDisk(target, seed);
        else injectIntoRoot(target, seed);
      } finally {
        seed.fill(0);
      }
      say(`${disk ?? root}: ${SEED_BYTES} bytes in /${SEED_FILE}, credited once; for one machine: do not copy it now`);
    });
}
