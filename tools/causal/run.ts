import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type Progress } from "../cache.ts";
import { boot } from "./boot.ts";
import { readConsole, type CausalRow } from "./console.ts";
import { cpio } from "./cpio.ts";
import { ensureMini } from "./mini.ts";
import { twoSeedFiles } from "./seeds.ts";

export type { CausalRow } from "./console.ts";

/** The boots of the proof, in the order of its table. */
const CAUSAL_PLAN: readonly Pick<CausalRow, "case" | "seed">[] = [
  { case: "none", seed: "none" },
  { case: "none", seed: "none" },
  { case: "control", seed: "A" },
  { case: "control", seed: "B" },
  { case: "shipped", seed: "A" },
  { case: "shipped", seed: "B" },
  { case: "shipped", seed: "A" },
];

/** Seconds of (virtual, hence free) uptime before the seed arrives: as late as on a real first boot under emulation. */
const ARRIVAL_S = 40;

/**
 * Boots the mini VM once per row of CAUSAL_PLAN, two at a time, and returns what each made of its seed, in the plan's order.
 * Seeds A and B are new random ones in every call; the kit is the packed one that seeder puts into user-data.
 *
 * @param options.onRow called once per row, in order, as soon as it and all before it are there
 * @param options.kit the kit's zip archive, in place of the packed one
 * @throws Error when a boot does not finish or prints no host key; the message holds the console's end
 *
 * @example const rows = await runCausal({ onRow: (row) => console.log(row.hostKey) });
 */
export async function runCausal(
  options: { onRow?: (row: CausalRow) => void; progress?: Progress; kit?: Uint8Array; parallel?: number } = {},
): Promise<CausalRow[]> {
  const mini = await ensureMini(options.progress);
  const work = mkdtempSync(join(tmpdir(), "bootseed-causal-"));
  try {
    const initrd = join(work, "initrd");
    writeFileSync(
      initrd,
      Buffer.concat([padded(readFileSync(join(mini, "initrd"))), kitArchive(options.kit ?? packedKit())]),
    );
    for (const [name, file] of Object.entries(twoSeedFiles()))
      writeFileSync(join(work, `${name}.seed`), file, { mode: 0o600 });
    const rows: (CausalRow | undefined)[] = CAUSAL_PLAN.map(() => undefined);
    let next = 0;
    let told = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < CAUSAL_PLAN.length; index = next++) {
        rows[index] = await bootRow(index, join(mini, "vmlinuz"), initrd, work);
        for (let row = rows[told]; row !== undefined; row = rows[told]) {
          told++;
          options.onRow?.(row);
        }
      }
    };
    await Promise.all(Array.from({ length: options.parallel ?? 2 }, worker));
    return rows.filter((row) => row !== undefined);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function bootRow(index: number, kernel: string, initrd: string, work: string): Promise<CausalRow> {
  const plan = CAUSAL_PLAN[index];
  if (plan === undefined) throw new RangeError(`expected a row of the plan, got ${index}`);
  const text = await boot({
    kernel,
    initrd,
    ...(plan.seed === "none" ? {} : { seedFile: join(work, `${plan.seed}.seed`) }),
    environment: { CAUSAL: plan.case, CAUSAL_UPTIME: String(ARRIVAL_S) },
    consoleFile: join(work, `${index}.log`),
  });
  return { ...plan, ...readConsole(text) };
}

/** The kit as the hook unpacks it on the VM. */
function packedKit(): Uint8Array {
  return readFileSync(join(ROOT, "seeder/kit/kit.pyz"));
}

function kitArchive(kit: Uint8Array): Uint8Array {
  return cpio([
    { path: "causal", mode: 0o755 },
    { path: "causal/kit.pyz", mode: 0o644, data: kit },
    { path: "causal/run.py", mode: 0o644, data: readFileSync(join(ROOT, "tools/causal/run.py")) },
  ]);
}

/** An archive may follow another only at a multiple of four bytes. */
function padded(archive: Uint8Array): Uint8Array {
  return Buffer.concat([archive, new Uint8Array((4 - (archive.length % 4)) % 4)]);
}
