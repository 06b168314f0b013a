import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, startService, type Service } from "./service.ts";

/** A host service on loopback, and what others need to reach it. */
export interface Host extends Service {
  /** `unix:///…`: the mint, for the Pulumi program and `bootseed`. */
  readonly mint: string;
  readonly config: string;
  /** its journal: one JSON object a line */
  readonly log: string;
}

/**
 * Writes a configuration and identity under `dir` where there is none yet, and serves. Guests of local-cloud reach this machine's loopback at
 * 169.254.0.2. The source is this machine's /dev/hwrng where it is readable, else the system generator: both honestly called what they are.
 */
export async function startHost(dir: string, source: "hwrng" | "system", port: number): Promise<Host> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const config = join(dir, "host.yaml");
  const socket = join(dir, "mint.sock");
  const log = join(dir, "host.log");
  const lines = [
    `stateDir: ${join(dir, "state")}`,
    source === "hwrng" ? "sources: [{ driver: hwrng, device: /dev/hwrng }]" : "sources: [{ driver: system }]",
    "allowChained: true # a demonstration on a virtual machine: its source is somebody else's generator",
    `listen: { guests: "127.0.0.1:${port}", mint: ${socket} }`,
    `advertise: ["169.254.0.2:${port}"]`,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  await run("bootseed-host", ["init", "--config", config]);
  const service = await startService("bootseed-host", ["serve", "--config", config], log);
  return { ...service, mint: `unix://${socket}`, config, log };
}
