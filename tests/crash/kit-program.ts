/** What runs on a VM under drill. */
import { join } from "node:path";

/** What tops this VM up; the first boot is always the kit's. */
export type Program = {
  readonly name: string;
  readonly topUp: (root: string) => readonly string[];
  /** What the timer runs: nothing happens where no interval has passed. */
  readonly timer: (root: string) => readonly string[];
};

const KIT = join(import.meta.dirname, "../../seeder/kit/kit.pyz");
const python = (root: string, ...words: string[]): string[] => [
  "/usr/bin/python3",
  "-I",
  KIT,
  ...words,
  "--root",
  root,
];

export const KIT_PROGRAM: Program = {
  name: "kit",
  topUp: (root) => python(root, "topup", "now"),
  timer: (root) => python(root, "topup"),
};

/** What the kit's boothook runs at every boot. */
export const kitHook = (root: string): readonly string[] => python(root, "hook");
