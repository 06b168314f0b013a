/** `serve` goes on when the terminal, the pipe or the disk that its log goes to is gone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";

const MAIN = join(import.meta.dirname, "../main.ts");

/** Runs a command in a terminal of its own, closes the terminal after the ready line, and waits for the command's end. */
const IN_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b'"ready"' not in seen:
    seen += os.read(terminal, 4096)
os.close(terminal)
print(pid, flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`;

const PIPE = `exec "$@" 2> >(read -r line; exec cat < /dev/null)`;

it.each([
  ["its terminal", "python3", ["-c", IN_TERMINAL], []],
  ["the reader of its log", "bash", ["-c", PIPE, "bash"], []],
  ["all space for its log", "bash", ["-c", 'exec "$@" 2>/dev/full', "bash"], []],
])("serve goes on without %s, reloads, and leaves no socket behind", async (_, program, args) => {
  await using host = await ServedHost.make();
  const serve = [process.execPath, MAIN, "serve", "--config", host.config];
  const child = spawn(program, [...args, ...serve], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = String((await lines.next()).value);
  const pid = first.startsWith("{") ? child.pid : Number(first);
  if (pid === undefined) throw new Error("expected a process");
  // Each reload logs a line, which cannot be written.
  for (let round = 0; round < 3; round++) {
    process.kill(pid, "SIGHUP");
    await sleep(100);
    expect(host.run("status")).toMatchObject({ code: 0, err: "" });
  }
  expect(existsSync(host.mint)).toBe(true);
  process.kill(pid, "SIGTERM");
  const code = first.startsWith("{") ? undefined : Number((await lines.next()).value);
  expect(code ?? (await exit)[0]).toBe(0);
  expect(existsSync(host.mint)).toBe(false);
});

it("serve starts where the ready line cannot be written", async () => {
  await using host = await ServedHost.make();
  const serve = [process.execPath, MAIN, "serve", "--config", host.config];
  const child = spawn("bash", ["-c", 'exec "$@" >/dev/full', "bash", ...serve], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(child, "exit");
  // The line in the log comes after the one on stdout.
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('"msg":"ready"')) break;
  await sleep(100);
  expect(host.run("status")).toMatchObject({ code: 0, err: "" });
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
});

it("an unexpected error is logged, ends serve with 70, and leaves no socket behind", async () => {
  await using host = await ServedHost.make();
  const thrower = 'process.on("SIGUSR2",()=>{throw(new(Error)("made"))})';
  const child = spawn(process.execPath, [MAIN, "serve", "--config", host.config], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrower)}` },
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const exit = once(child, "exit");
  await once(child.stdout, "data");
  child.kill("SIGUSR2");
  expect(await exit).toEqual([70, null]);
  expect(log).toMatch(/unexpected error: the service stops/);
  expect(existsSync(host.mint)).toBe(false);
});
