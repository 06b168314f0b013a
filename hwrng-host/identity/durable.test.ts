/** In which order files of the state folder reach the disk: a power cut between two of these calls must leave a whole file. */
import type * as fs from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createOnce, replaceFile } from "./files.ts";

const calls = vi.hoisted((): string[] => []);

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const opened = new Map<number, string>();
  const name = (path: string): string => (path.endsWith(".tmp") ? "temporary" : (path.split("/").at(-1) ?? ""));
  return {
    ...real,
    openSync: (path: string, flags: string, mode?: number) => {
      const file = real.openSync(path, flags, mode);
      opened.set(file, flags === "r" ? "folder" : name(path));
      return file;
    },
    fsyncSync: (file: number) => {
      calls.push(`sync ${opened.get(file)}`);
      real.fsyncSync(file);
    },
    linkSync: (from: string, to: string) => {
      calls.push(`link ${name(to)}`);
      real.linkSync(from, to);
    },
    renameSync: (from: string, to: string) => {
      calls.push(`rename ${name(to)}`);
      real.renameSync(from, to);
    },
  };
});

it("content first, then the name, then the folder that holds the name", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-durable-"));
  createOnce(join(dir, "secret"), new Uint8Array(32));
  replaceFile(join(dir, "statement"), new Uint8Array(200));
  rmSync(dir, { recursive: true });
  expect(calls).toEqual([
    "sync temporary",
    "link secret",
    "sync folder",
    "sync temporary",
    "rename statement",
    "sync folder",
  ]);
});
