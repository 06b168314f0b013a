/** Test aid: the agent as it is shipped, bundled once per test file, and run on a root folder of its own. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAgent, buildHelper } from "../build.ts";

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

export class Bundle implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "bootseed-bundle-"));
  readonly path: string = join(this.folder, "bootseed-agent.mjs");

  static async build(): Promise<Bundle> {
    const bundle = new Bundle();
    await buildAgent(bundle.folder);
    buildHelper(bundle.folder);
    return bundle;
  }

  /** @param node which Node; by default the one that runs the tests */
  async run(root: string, words: readonly string[], node: string = process.execPath): Promise<Ran> {
    const { promise, resolve } = Promise.withResolvers<Ran>();
    const args = [this.path, ...words, "--root", root];
    execFile(node, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
    return promise;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
