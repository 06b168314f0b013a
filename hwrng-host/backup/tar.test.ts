import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tar, type TarFile, untar } from "./tar.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-tar-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, size: number): TarFile => ({
  name,
  size,
  mtime: 1_795_262_400,
  content: [new Uint8Array(size).map((_, i) => i)],
});
const FILES = [file("a", 0), file("state/b", 511), file("state/c", 512), file("d", 70_000)];

async function collected(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

async function bytesOf(files: readonly TarFile[]): Promise<Buffer> {
  return Buffer.concat(await collected(tar(files)));
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Uint8Array, size = 1000): Promise<{ name: string; content: Buffer }[]> {
  const found = [];
  for await (const { name, content } of untar(inPieces(bytes, size)))
    found.push({ name, content: Buffer.concat(await collected(content)) });
  return found;
}

describe("the archive of a backup", () => {
  it("is what tar(1) reads, with modes and times", async () => {
    writeFileSync(join(dir, "x.tar"), await bytesOf(FILES));
    execFileSync("tar", ["xf", "x.tar"], { cwd: dir });
    for (const { name, size, mtime } of FILES) {
      const stat = statSync(join(dir, name));
      expect([name, stat.size, stat.mode & 0o777, stat.mtimeMs]).toEqual([name, size, 0o600, mtime * 1000]);
    }
    expect(readFileSync(join(dir, "d"))).toEqual(Buffer.from(new Uint8Array(70_000).map((_, i) => i)));
  });

  it.each([1, 512, 1000, 1 << 20])("comes back, in pieces of %i bytes", async (size) => {
    const found = await read(await bytesOf(FILES), size);
    expect(found.map(({ name, content }) => [name, content.length])).toEqual(
      FILES.map(({ name, size: length }) => [name, length]),
    );
  });

  it("is refused when it ends early, a header is damaged, or it holds a link", async () => {
    const bytes = await bytesOf(FILES);
    await expect(read(bytes.subarray(0, -1024))).rejects.toThrow(/an end before the end/);
    await expect(read(bytes.subarray(0, 700))).rejects.toThrow(/an end before the end/);
    const damaged = Buffer.from(bytes);
    damaged[0] = 0x62;
    await expect(read(damaged)).rejects.toThrow(/a wrong checksum/);
    execFileSync("ln", ["-sf", "/etc/passwd", "link"], { cwd: dir });
    const link = execFileSync("tar", ["cf", "-", "--format=ustar", "link"], { cwd: dir });
    await expect(read(link)).rejects.toThrow(/not a regular file/);
  });

  it("is not made of a file that changed", async () => {
    await expect(bytesOf([{ ...file("a", 10), size: 11 }])).rejects.toThrow(/a changed while it was read/);
    await expect(bytesOf([{ ...file("a", 10), size: 9 }])).rejects.toThrow(/a changed while it was read/);
    await expect(bytesOf([file("x".repeat(101), 1)])).rejects.toThrow(/does not fit/);
  });
});
