/** A qcow2 image that is not what it was: cut off on its way, overwritten, marked as corrupt by QEMU itself. */
import { BadInput } from "../cli/bad-input.ts";
import { NoProgram, QEMU_IMG, run } from "./run.ts";

export const damaged = (file: string, why: string): BadInput =>
  new BadInput(`${file} is damaged or not complete: ${why}; see qemu-img check`);

/** What QEMU says when it finds damage as it reads. */
export const damageIn = (said: string): string | undefined =>
  /^qcow2: (?:Marking image as corrupt|Image is corrupt): (.+?)(?:; further .*)?$/m.exec(said)?.[1];

/**
 * What is missing at an image's end reads as zeros, and where its reference counts are wrong, a write lands on other data: QEMU
 * itself looks at neither when it opens. Without qemu-img it is not looked at here either.
 *
 * @throws BadInput
 */
export function refuseDamaged(file: string): void {
  // A comma begins another option, unless it is doubled.
  const image = `driver=qcow2,file.driver=file,file.filename=${file.replaceAll(",", ",,")}`;
  try {
    const { stderr, stdout } = run(QEMU_IMG, ["check", "--image-opts", image]);
    // By its words: the exit status of some damage is that of an image that it cannot open, of which opening says more.
    const first = /^ERROR:? (.+)$/m.exec(stderr + stdout.toString("utf8"))?.[1];
    if (first !== undefined) throw damaged(file, first);
  } catch (error) {
    if (!(error instanceof NoProgram)) throw error;
  }
}
