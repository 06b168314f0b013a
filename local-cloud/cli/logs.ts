import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { plain } from "../console.ts";
import { holderOf } from "../run-folder.ts";

const POLL_MS = 200;
const CHUNK = 65_536;

/**
 * A file's whole lines, as they come.
 *
 * @param dir run folder: who follows stops when its cloud does
 */
export async function* linesOf(file: string, follow: boolean, dir: string): AsyncGenerator<string> {
  let rest = "";
  let offset = 0;
  for (;;) {
    const last = !follow || holderOf(dir) === undefined;
    for (let chunk = read(file, offset); chunk.length > 0; chunk = read(file, offset)) {
      offset += chunk.length;
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield Buffer.from(line, "latin1").toString("utf8");
    }
    if (last) break;
    await sleep(POLL_MS);
  }
  if (rest !== "") yield Buffer.from(rest, "latin1").toString("utf8");
}

function read(file: string, offset: number): Buffer {
  if (!existsSync(file)) return Buffer.alloc(0);
  const fd = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(CHUNK);
    return buffer.subarray(0, readSync(fd, buffer, 0, CHUNK, offset));
  } finally {
    closeSync(fd);
  }
}

/** A line of the log. */
interface Entry {
  readonly at?: string;
  readonly droplet?: number;
  readonly name?: string;
  readonly event?: string;
  readonly message?: string;
  readonly request?: string;
  readonly status?: number;
  readonly fault?: string;
}

/** Whether a line is about the droplet: an event of it, or a request that names its id. */
export function isAbout(line: string, wanted: string): boolean {
  const { droplet, name, request } = parsed(line);
  if (request !== undefined) return request.split("/").includes(wanted);
  return String(droplet) === wanted || name === wanted;
}

/** A line for people: time, what, how it went. */
export function readable(line: string): string {
  const { at, droplet, name, event, message, request, status, fault } = parsed(line);
  const time = at?.slice(11, 23) ?? "";
  const spoilt = fault === undefined ? "" : ` (--fault: ${fault})`;
  if (request !== undefined) return `${time}  ${request}: ${status ?? "no answer"}${spoilt}`;
  if (event !== undefined) return `${time}  ${name} (${droplet}) ${event}: ${plain(message ?? "")}`;
  return plain(line);
}

function parsed(line: string): Entry {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return {}; // not one of ours: a warning of Node's, or the line that a crash cut short
  }
}
