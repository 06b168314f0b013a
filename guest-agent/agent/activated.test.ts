/** The bundle as systemd starts it: on a socket that was passed, and without memory that is writable and executable. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PushSession } from "../../hwrng-host/deliver/session.ts";
import { ReceiptKeys } from "../../hwrng-host/guests/receipt-keys.ts";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { freePort } from "../../tools/free-port.ts";
import { prerequisite } from "../../tests/prerequisite.ts";
import { Bundle } from "./testing/bundle.ts";
import { enrolledMachine } from "./testing/machine.ts";

const ACTIVATE = prerequisite(
  spawnSync("systemd-socket-activate", ["--version"]).status === 0,
  "expected systemd-socket-activate: apt-get install systemd",
);
/** prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), as MemoryDenyWriteExecute=yes on a new kernel; then the program. */
const MDWE =
  "import ctypes,os,sys\nif ctypes.CDLL(None).prctl(65,1,0,0,0): sys.exit(99)\nos.execvp(sys.argv[1],sys.argv[1:])";
const denied = (words: readonly string[]): { status: number | null; stdout: string } =>
  spawnSync("/usr/bin/python3", ["-c", MDWE, ...words], { encoding: "utf8" });
const KERNEL = prerequisite(denied(["true"]).status === 0, "expected Linux 6.3 or later, for PR_SET_MDWE");

describe("the bundle under its units", () => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await Bundle.build();
  });
  afterAll(() => bundle?.[Symbol.dispose]());

  it.skipIf(!ACTIVATE)("takes a delivery on the socket that systemd passes", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const port = await freePort();
    const words = ["-l", `127.0.0.1:${port}`, process.execPath, "--jitless", bundle.path, "listen", "--root", vm.root];
    const child = spawn("systemd-socket-activate", words, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk));
    try {
      const socket = await dialUntilItListens(port);
      const session = new PushSession(bench.context, new ReceiptKeys(), vm.seedId);
      socket.write(session.greeting());
      for await (const chunk of socket) {
        const { send, end } = await session.take(Uint8Array.from(chunk as Buffer));
        if (send !== undefined) socket.write(send);
        if (end) break;
      }
      expect(session.result.outcome, said).toBe("delivered");
      expect(vm.folder.counter()).toBe(1);
      socket.destroy();
    } finally {
      const exit = once(child, "exit");
      child.kill();
      await exit;
    }
  });

  it.skipIf(!KERNEL)("runs where memory cannot become executable, which Node without --jitless does not", () => {
    const script = [bundle.path, "status", "--json", "--root", bundle.folder];
    const { status, stdout } = denied([process.execPath, "--jitless", ...script]);
    expect({ status, schema: (JSON.parse(stdout || "{}") as { schema?: number }).schema }).toEqual({
      status: 0,
      schema: 1,
    });
    expect(denied([process.execPath, ...script]).status).not.toBe(0);
  });
});

async function dialUntilItListens(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    if (await promise) return socket;
  }
}
