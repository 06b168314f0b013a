import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Cloud } from "../../tools/lab/cloud.ts";

const SCRIPT = readFileSync(join(import.meta.dirname, "seed-copies.py"));
const DEADLINE_MS = 500_000;

/**
 * Where the guest still holds its seed, pool, claimKey and psk0 alike: files of any form and packing, the journal, the memory of running
 * processes. The search proves itself in the guest: a decoy in each kind of place has to be found.
 *
 * @param since a time before the VM's first boot: what was written before came with the image
 * @returns one line per copy, and per kind of place that was not really searched; empty when all is well
 */
export async function seedCopies(cloud: Cloud, id: string, since: Date): Promise<string[]> {
  const packed = gzipSync(SCRIPT, { level: 9 }).toString("base64");
  const files = { script: "/run/seed-copies.py", said: "/run/seed-copies.said", done: "/run/seed-copies.done" };
  // As a unit: emulated it may take longer than one call of the guest agent may.
  const work = `/usr/bin/python3 -I ${files.script} ${Math.floor(since.getTime() / 1000)} > ${files.said} 2>&1; mv ${files.said} ${files.done}`;
  const unpack = `rm -f ${files.done}; echo ${packed} | base64 -d | gunzip > ${files.script}`;
  await cloud.exec(id, `${unpack}; systemd-run --quiet --collect sh -c '${work}'`);
  for (const until = Date.now() + DEADLINE_MS; Date.now() < until; await sleep(2000)) {
    const said = await cloud.exec(id, `cat ${files.done} && echo end`).catch(() => "");
    if (said.endsWith("end")) return [...new Set(said.split("\n").slice(0, -1))];
  }
  throw new Error(`expected the search in droplet ${id} to end within ${DEADLINE_MS / 1000} s`);
}
