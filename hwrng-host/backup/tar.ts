/**
 * The part of tar that a backup needs: regular files in the ustar format (POSIX.1-1988), so that `age -d | tar x` opens
 * a backup without this program. Written and read as a stream: the database may be larger than memory.
 */
import { HostError, EXIT } from "../host-error.ts";

const BLOCK = 512;
const MAX_NAME_BYTES = 100;
/** Eleven octal digits. */
const MAX_SIZE = 0o77777777777;

/** A file, whole or as a stream of exactly `size` bytes. */
export type TarFile = {
  /** At most 100 characters of ASCII, folders with slashes. */
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
};

/**
 * Puts files together, mode 0600 each.
 * @throws HostError "io" when a file's content has not the size it announced: it changed meanwhile
 */
export async function* tar(files: AsyncIterable<TarFile> | Iterable<TarFile>): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    yield header(file);
    let bytes = 0;
    for await (const chunk of file.content) {
      bytes += chunk.length;
      if (bytes > file.size) break;
      yield chunk;
    }
    if (bytes !== file.size) throw changed(file.name);
    yield new Uint8Array(padding(file.size));
  }
  yield new Uint8Array(2 * BLOCK);
}

/**
 * Reads an archive to its very end. Each file's content must be consumed before the next is asked for.
 * @throws HostError "malformed" for anything but regular files, a wrong checksum, or an end that comes early
 */
export async function* untar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const reader = new ChunkReader(chunks);
  for (;;) {
    const block = await reader.exactly(BLOCK);
    if (block.every((byte) => byte === 0)) break;
    const { name, size, mtime } = parseHeader(block);
    yield { name, size, mtime, content: reader.some(size) };
    await reader.exactly(padding(size));
  }
  await reader.toTheEnd();
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function header({ name, size, mtime }: TarFile): Uint8Array {
  if (!/^[\u0021-\u007e]+$/.test(name) || name.length > MAX_NAME_BYTES || size > MAX_SIZE)
    throw new HostError("io", `${name} does not fit into a backup`, "remove that file from the state folder", EXIT.io);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(Math.floor(value).toString(8).padStart(digits, "0"), at, "latin1");
  };
  block.write(name, 0, "latin1");
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(Math.max(0, mtime), 136, 11);
  block.write("        0", 148, "latin1"); // the checksum counts as spaces; type 0: a regular file
  block.write("ustar\u000000", 257, "latin1");
  octal(sum(block), 148, 6);
  block[154] = 0;
  return block;
}

function parseHeader(block: Uint8Array): { name: string; size: number; mtime: number } {
  const text = Buffer.from(block).toString("latin1");
  const field = (at: number, length: number): string => /^[^\0]*/.exec(text.slice(at, at + length))?.[0] ?? "";
  const octal = (at: number, length: number): number => {
    const digits = field(at, length).trim();
    if (!/^[0-7]{1,11}$/.test(digits)) throw malformed("a number that is not octal");
    return Number.parseInt(digits, 8);
  };
  const blank = Buffer.from(block).fill(" ", 148, 156);
  if (octal(148, 8) !== sum(blank)) throw malformed("a wrong checksum");
  if (text[156] !== "0") throw malformed("something that is not a regular file");
  return { name: field(0, MAX_NAME_BYTES), size: octal(124, 12), mtime: octal(136, 12) };
}

function sum(block: Uint8Array): number {
  return block.reduce((total, byte) => total + byte, 0);
}

/** Takes exact numbers of bytes from chunks of any size. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async exactly(bytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.some(bytes)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *some(bytes: number): AsyncGenerator<Uint8Array> {
    for (let wanted = bytes; wanted > 0;) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done === true) throw malformed("an end before the end");
        this.#rest = value;
        continue;
      }
      const part = this.#rest.subarray(0, wanted);
      this.#rest = this.#rest.subarray(part.length);
      wanted -= part.length;
      yield part;
    }
  }

  /** The cipher proves with its last chunk that nothing was cut off. */
  async toTheEnd(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }
}

function malformed(what: string): HostError {
  return new HostError("malformed", `the backup holds ${what}`, "use another backup", EXIT.data);
}

function changed(name: string): HostError {
  return new HostError("io", `${name} changed while it was read`, "run it again", EXIT.io);
}
