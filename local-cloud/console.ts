import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const ESCAPES = /\u001B(\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** The console log of a droplet in its folder. */
export function consoleFile(dir: string): string {
  return join(dir, "console.log");
}

/**
 * The last `lines` lines of a droplet's console, without carriage returns, colours and other control sequences; empty if there is none.
 *
 * @param maxBytes how much of the file is looked at, from its end
 */
export function consoleTail(dir: string, lines: number, maxBytes = 65_536): string {
  const file = consoleFile(dir);
  if (!existsSync(file)) return "";
  const fd = openSync(file, "r");
  try {
    const size = fstatSync(fd).size;
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return plain(buffer.toString()).trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    closeSync(fd);
  }
}

/** A guest decides what is on its console: nothing of it may move the cursor of the terminal that shows it. */
export function plain(text: string): string {
  return text.replaceAll(ESCAPES, "").replaceAll(CONTROLS, "");
}
