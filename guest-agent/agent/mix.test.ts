/** The helper as a program: 64 bytes or nothing. Against the real kernel; what it does there is seen by strace. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { buildHelper } from "./build.ts";
import { realKernel } from "./kernel.ts";

const ROOT = prerequisite(process.getuid?.() === 0, "expected root: the kernel lets nobody else mix and reseed");
const STRACE = prerequisite(spawnSync("strace", ["-V"]).status === 0, "expected strace: apt-get install strace");
const NOBODY = 65_534;

describe("bootseed-mix", () => {
  const folder = mkdtempSync(join(tmpdir(), "bootseed-mix-"));
  let program: string;
  beforeAll(() => {
    program = buildHelper(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const hash = Buffer.alloc(64, 0x5a);

  it.skipIf(!ROOT)("mixes and reseeds: two zeros", () => {
    const { status, stdout } = spawnSync(program, { input: hash });
    expect({ status, answer: [...stdout] }).toEqual({ status: 0, answer: [0, 0] });
  });

  it.each([0, 1, 63, 65, 128, 100_000])("refuses %i bytes without an answer", (length) => {
    const { status, stdout } = spawnSync(program, { input: Buffer.alloc(length, 1) });
    expect({ status, answer: [...stdout] }).toEqual({ status: 64, answer: [] });
  });

  it("answers with the kernel's own errors when it may not", () => {
    const asNobody = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups"];
    const [command, ...words] = [...(ROOT ? asNobody : []), program];
    const { status, stdout } = spawnSync(command, words, { input: hash });
    expect({ status, answer: [...stdout] }).toEqual({ status: 77, answer: [1, 1] });
  });

  it.skipIf(!ROOT || !STRACE)("asks for no credit, tells the true length, and reseeds after it", () => {
    const { stderr } = spawnSync("strace", ["-e", "trace=openat,ioctl", "-xx", "-s", "256", program], { input: hash });
    const calls = stderr
      .toString()
      .split("\n")
      .filter((line) => line.startsWith("ioctl"));
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatch(/RNDADDENTROPY, \{entropy_count=0, buf_size=64, buf="(?:\\x5a){64}"/);
    expect(calls[1]).toMatch(/RNDRESEEDCRNG/);
  });

  it("is one file of at most 120 lines", () => {
    expect(readFileSync(join(import.meta.dirname, "helper/bootseed-mix.c"), "utf8").split("\n").length).toBeLessThan(
      121,
    );
  });

  it.skipIf(!ROOT)("serves the agent over a socket, as systemd starts it, and as its child", async () => {
    const socket = join(folder, "mix.sock");
    // One process per connection, the connection as its standard input and output: Accept=yes.
    const server = createServer({ allowHalfOpen: true }, (connection: Socket) => {
      const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
      connection.pipe(child.stdin);
      child.stdout.pipe(connection);
    }).listen(socket);
    await once(server, "listening");
    const done = { rcMix: 0, rcReseed: 0 };
    expect(await realKernel({ socket, program: "/nowhere" }).mixAndReseed(hash)).toEqual(done);
    expect(await realKernel({ socket, program: "/nowhere" }).reseed()).toBe(0);
    server.close();
    expect(await realKernel({ socket: "/nowhere", program }).mixAndReseed(hash)).toEqual(done);
  });

  it("is missed with codes that say so", async () => {
    const nothing = realKernel({ socket: "/nowhere", program: "/nowhere" });
    expect(await nothing.mixAndReseed(hash)).toEqual({ rcMix: 255, rcReseed: 255 });
    await expect(nothing.mixAndReseed(new Uint8Array(63))).rejects.toThrow(RangeError);
  });
});
