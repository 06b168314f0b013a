import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentAnswers, agentSocket, guestExec } from "./guest-agent.ts";

type Reply = (message: { execute: string; arguments: Record<string, unknown> }) => readonly string[];

let dir: string;
const servers: net.Server[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "agent-"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(dir, { recursive: true });
});

/** A fake guest agent: says first what an earlier, broken-off conversation left over, and holds its half call until a 0xff, as qemu-ga does. */
async function fakeAgent(reply: Reply, leftOver = "", halfCall = ""): Promise<void> {
  let held = halfCall;
  const server = net.createServer((socket) => {
    socket.write(leftOver, "latin1");
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      held = (held + chunk.toString("latin1")).replace(/^[^]*\u00FF/, "");
      const lines = held.split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) {
        for (const answer of answers(line, reply)) socket.write(answer, "latin1");
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(agentSocket(dir), resolve));
}

function answers(line: string, reply: Reply): readonly string[] {
  try {
    return reply(JSON.parse(line) as Parameters<Reply>[0]);
  } catch {
    return ['{"error": {"class": "GenericError", "desc": "JSON parse error"}}\n'];
  }
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const returns = (value: unknown): string => `${JSON.stringify({ return: value })}\n`;
const shell =
  (status: object): Reply =>
  ({ execute, arguments: given }) => {
    if (execute === "guest-sync-delimited") return ["\u00FF", returns(given["id"])];
    return [execute === "guest-exec" ? returns({ pid: 7 }) : returns(status)];
  };

describe("guestExec", () => {
  it("gives output and exit code", async () => {
    await fakeAgent(shell({ exited: true, exitcode: 3, "out-data": base64("größe\n"), "err-data": base64("oops") }));
    expect(await guestExec(dir, "true")).toEqual({ exitCode: 3, stdout: "größe\n", stderr: "oops" });
  });

  it("is not confused by what an earlier conversation left over", async () => {
    await fakeAgent(shell({ exited: true, exitcode: 0 }), `rned":true}\n${returns(1)}${returns({ pid: 99 })}`);
    expect(await guestExec(dir, "true")).toMatchObject({ exitCode: 0 });
  });

  it("is not swallowed by half a call of an earlier conversation", async () => {
    await fakeAgent(shell({ exited: true, exitcode: 0 }), "", `{"execute": "guest-exec", "arguments": {"arg": ["`);
    expect(await guestExec(dir, "true")).toMatchObject({ exitCode: 0 });
  });

  it("counts a signal as a shell does", async () => {
    await fakeAgent(shell({ exited: true, signal: 9 }));
    expect((await guestExec(dir, "true")).exitCode).toBe(137);
  });

  it("says what the agent refused", async () => {
    await fakeAgent((message) =>
      message.execute === "guest-exec"
        ? ['{"error": {"class": "CommandNotFound"}}\n']
        : shell({ exited: true })(message),
    );
    await expect(guestExec(dir, "true")).rejects.toThrow(/refused guest-exec.*CommandNotFound/);
  });

  it("asks again where a first connection is never answered, as while the guest starts", async () => {
    let connections = 0;
    const answer = shell({ exited: true, exitcode: 0 });
    await fakeAgent((message) => {
      if (message.execute === "guest-sync-delimited" && ++connections === 1) return [];
      return answer(message);
    });
    expect(await guestExec(dir, "true", undefined, { syncMs: 50, silentMs: 10_000 })).toMatchObject({ exitCode: 0 });
    expect(connections).toBe(2);
  });

  it("says that a droplet is silent, and at once that there is none", async () => {
    await fakeAgent(() => []);
    await expect(guestExec(dir, "true", undefined, { syncMs: 50, silentMs: 120 })).rejects.toThrow(/is the droplet up/);
    await expect(guestExec(join(dir, "none"), "true")).rejects.toThrow(/ENOENT/);
  });

  it("gives up on a command that does not end", async () => {
    await fakeAgent(shell({ exited: false }));
    await expect(guestExec(dir, "sleep 9", 50)).rejects.toThrow(/still running/);
  });
});

describe("agentAnswers", () => {
  it("is false for silence, for no socket, and for a connection that closes", async () => {
    expect(await agentAnswers(dir, 50)).toBe(false);
    await fakeAgent(() => []);
    expect(await agentAnswers(dir, 50)).toBe(false);
  });
});
