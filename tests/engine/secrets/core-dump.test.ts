/** A host that crashes leaves a core without its keys. That the search would find them is shown by the same crash without the protection. */
import { hostKeys, parseSeedFile } from "@bootseed/protocol";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { prerequisite } from "../../prerequisite.ts";
import type { Canary } from "../../testing/canary.ts";
import { CanarySearch } from "../../testing/canary-search.ts";

const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim();
const toFile = prerequisite(
  /^[^|/]+$/.test(pattern),
  `expected cores in the working folder, got kernel.core_pattern ${pattern}: sysctl kernel.core_pattern=core`,
);

/** What a host keeps in memory as long as it runs. */
function keysOf({ stateDir }: HostProcess): Canary[] {
  const secret = readFileSync(join(stateDir, "secret"));
  const derived = Object.entries(hostKeys(secret)).map(([name, bytes]) => ({ name, bytes: bytes as Uint8Array }));
  const { d = "" } = createPrivateKey(readFileSync(join(stateDir, "tls.key"))).export({ format: "jwk" });
  const scalar = Buffer.from(d, "base64url");
  return [
    ...derived,
    { name: "secret", bytes: secret },
    { name: "packet.key", bytes: readFileSync(join(stateDir, "packet.key")) },
    { name: "tls.key", bytes: scalar },
    { name: "tls.key, as OpenSSL's numbers lie in memory", bytes: scalar.toReversed() },
  ];
}

describe("a core dump of the host", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-core-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Kills a host that has just minted. @returns what its core holds */
  async function crash(prepare: (pid: number) => void): Promise<{ found: string[]; elf: boolean }> {
    await using host = await HostProcess.make();
    // $0 is the folder, so that core and host have a working folder of their own.
    const before = ["sh", "-c", 'cd "$0" && ulimit -c unlimited && exec "$@"', dir];
    await host.start({ before });
    const { file } = await host.mint("web");
    prepare(host.pid);
    await host.stop("SIGABRT");
    const [core = "none", ...more] = readdirSync(dir).filter((name) => name.includes("core"));
    expect(more).toEqual([]);
    const bytes = readFileSync(join(dir, core));
    rmSync(join(dir, core));
    const pools = parseSeedFile(file).map(({ pool }) => ({ name: "pool", bytes: pool }));
    const search = new CanarySearch([...keysOf(host), ...pools]);
    return { found: search.raw(bytes), elf: bytes.subarray(0, 4).equals(Buffer.from("\u007fELF", "latin1")) };
  }

  it.skipIf(!toFile)("holds no key and no seed", async () => {
    expect(await crash(() => undefined)).toEqual({ found: [], elf: true });
  });

  it.skipIf(!toFile)("would hold them if the host did not forbid it", async () => {
    const { found, elf } = await crash((pid) => writeFileSync(`/proc/${pid}/coredump_filter`, "0x33"));
    expect(elf).toBe(true);
    expect(found.filter((line) => line.startsWith("kClaim: raw"))).not.toEqual([]);
  });
});
