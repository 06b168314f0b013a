/** What the numbers were measured on. */
import { spawnSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** the OpenSSL inside Node */
  readonly nodeOpenssl: string;
  /** the libcrypto that C peers and python use */
  readonly systemOpenssl: string;
  readonly compiler: string;
  readonly python: string;
};

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    nodeOpenssl: process.versions.openssl,
    systemOpenssl: firstLine("openssl", "version"),
    compiler: firstLine("gcc", "--version"),
    python: firstLine("/usr/bin/python3", "--version"),
  };
}

/** One paragraph for the top of the table. */
export function describeMachine(m: Machine): string {
  return `${m.processor}, ${m.cores} cores, ${m.memoryGiB} GiB, Linux ${m.kernel}; Node ${m.node} with OpenSSL ${m.nodeOpenssl}; C peers: ${m.compiler}, ${m.systemOpenssl}; ${m.python}`;
}

/** A missing program is said here and fails the parts that need it. */
function firstLine(program: string, option: string): string {
  const { stdout, error } = spawnSync(program, [option], { encoding: "utf8" });
  return error === undefined ? (stdout.split("\n")[0] ?? "").trim() : `no ${program}`;
}
