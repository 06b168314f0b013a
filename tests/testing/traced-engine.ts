/** The engine under strace: every connection that it, its plugins and the program try to make. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

/** "unix:/path", "127.0.0.1:4100", "[::1]:4100". */
export type Connection = string;

export class TracedEngine {
  /** Folder with `pulumi` and its plugins. */
  readonly bin: string;
  readonly #log: string;

  /** @param real folder of the engine @param dir made here */
  constructor(real: string, dir: string) {
    this.bin = join(dir, "traced-bin");
    this.#log = join(dir, "connections.strace");
    mkdirSync(this.bin);
    for (const name of readdirSync(real)) if (name !== "pulumi") symlinkSync(join(real, name), join(this.bin, name));
    const trace = `strace -f -qq --seccomp-bpf -e trace=connect -A -o '${this.#log}'`;
    writeFileSync(join(this.bin, "pulumi"), `#!/bin/sh\nexec ${trace} '${join(real, "pulumi")}' "$@"\n`);
    chmodSync(join(this.bin, "pulumi"), 0o755);
  }

  /** Every connection that `run` tries to make, also where nobody listens. */
  async connectionsOf(run: () => Promise<unknown>): Promise<Connection[]> {
    rmSync(this.#log, { force: true });
    await run();
    return readFileSync(this.#log, "utf8")
      .split("\n")
      .flatMap((line) => connectionIn(line) ?? []);
  }
}

/** One of strace's lines; undefined for what is none. */
function connectionIn(line: string): Connection | undefined {
  const path = /sa_family=AF_UNIX, sun_path=@?"([^"]*)"/.exec(line)?.[1];
  if (path !== undefined) return `unix:${path}`;
  const port = /sin6?_port=htons\((\d+)\)/.exec(line)?.[1];
  const v4 = /sin_addr=inet_addr\("([^"]+)"\)/.exec(line)?.[1];
  const v6 = /inet_pton\(AF_INET6, "([^"]+)"/.exec(line)?.[1];
  if (v4 !== undefined) return `${v4}:${port}`;
  return v6 === undefined ? undefined : `[${v6}]:${port}`;
}

/** Whether strace may trace here: in some containers it may not. */
export const mayTrace = async (): Promise<boolean> =>
  !(await execa("strace", ["-f", "--seccomp-bpf", "-e", "trace=connect", "-o", "/dev/null", "true"], { reject: false }))
    .failed;
