/** Reads the JSON files of this folder, and turns hexadecimal into bytes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Bytes of hexadecimal. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** Hexadecimal of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The content of a file of this folder. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8"));
}
