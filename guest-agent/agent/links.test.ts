/** What whoever took over the unprivileged unit can lay into its folder, and root must neither follow nor wait for. */
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { realDisk } from "./disk.ts";
import { ensureIdentity } from "./identity.ts";
import { takeLock } from "./lock.ts";
import { Machine, STATE_DIR } from "./machine.ts";
import { realWorld } from "./real-world.ts";
import { Bundle } from "./testing/bundle.ts";

const AGENT_UID = 61_234;
const AS_ROOT = prerequisite(process.getuid?.() === 0, "expected root, who may give a file to any user");
const HOST = `${STATE_DIR}/0011223344556677`;

describe("in a folder of somebody else's, root", () => {
  let bundle: Bundle;
  let root: string;
  let target: string;
  const put = (path: string, text: string): string => {
    const full = join(root, path);
    mkdirSync(join(full, ".."), { recursive: true });
    writeFileSync(full, text, { mode: 0o600 });
    return full;
  };
  const link = (path: string, to: string): void => symlinkSync(to, join(root, path));
  const pipe = (path: string): Buffer => execFileSync("mkfifo", [join(root, path)]);
  const untouched = (): void => {
    expect(readFileSync(target, "utf8")).toBe("untouched");
    expect(statSync(target).uid).toBe(process.getuid?.());
  };
  beforeAll(async () => {
    bundle = await Bundle.build();
  });
  afterAll(() => bundle?.[Symbol.dispose]());
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "bootseed-links-"));
    target = put("/etc/ssh/ssh_host_ed25519_key", "untouched");
    mkdirSync(join(root, HOST), { recursive: true, mode: 0o700 });
    if (AS_ROOT) for (const path of [STATE_DIR, HOST]) chownSync(join(root, path), AGENT_UID, AGENT_UID);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("gives away nothing that a link points to", () => {
    link(`${STATE_DIR}/lock`, target);
    expect(() => takeLock(join(root, STATE_DIR), 0)).toThrow(expect.objectContaining({ code: "io" }));
    link(`${HOST}/tmp`, target);
    realDisk(root).replace(`${HOST}/counter`, Uint8Array.of(1));
    untouched();
  });

  it("reads and wipes only files", () => {
    const disk = realDisk(root);
    for (const lay of [() => link(`${HOST}/psk`, target), () => pipe(`${HOST}/psk`)]) {
      lay();
      expect(disk.read(`${HOST}/psk`)).toEqual(new Uint8Array(0));
      disk.wipe(`${HOST}/psk`);
      expect(existsSync(join(root, HOST, "psk"))).toBe(false);
      untouched();
    }
  });

  it("takes no link for a host's folder", () => {
    link(`${STATE_DIR}/8899aabbccddeeff`, join(root, "etc/ssh"));
    expect(realDisk(root).list(STATE_DIR)).toEqual(["0011223344556677"]);
    const enrol = (): unknown => ensureIdentity(realWorld(root), new Machine(root), `${STATE_DIR}/8899aabbccddeeff`);
    expect(enrol).toThrow(expect.objectContaining({ code: "io" }));
  });

  it("generalizes without following a link to a folder or a file", () => {
    const precious = put("/home/precious", "untouched");
    link(`${STATE_DIR}/x`, join(root, "home"));
    link(`${HOST}/certificate`, target);
    put(`${HOST}/psk`, "secret");
    const { status } = spawnSync(process.execPath, [bundle.path, "generalize", "--yes", "--root", root]);
    expect(status).toBe(0);
    expect(readFileSync(precious, "utf8")).toBe("untouched");
    untouched();
    for (const path of [`${STATE_DIR}/x`, `${HOST}/certificate`, `${HOST}/psk`])
      expect(lstatSync(join(root, path), { throwIfNoEntry: false }), path).toBeUndefined();
  });

  it.each(["status", "doctor", "topup"])("%s does not wait for a pipe", (verb) => {
    pipe(`${STATE_DIR}/verdict.json`);
    for (const name of ["statement", "certificate", "psk", "identity", "counter", "topup.json"])
      pipe(`${HOST}/${name}`);
    const options = { timeout: 20_000, encoding: "utf8" } as const;
    const { signal, stdout } = spawnSync(process.execPath, [bundle.path, verb, "--json", "--root", root], options);
    expect(signal).toBeNull();
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1 });
  });

  it.skipIf(!AS_ROOT)("makes a host's folder for whom the folder above belongs to", () => {
    rmSync(join(root, HOST), { recursive: true });
    ensureIdentity(realWorld(root), new Machine(root), HOST);
    for (const path of [HOST, `${HOST}/identity`]) expect(statSync(join(root, path)).uid, path).toBe(AGENT_UID);
  });
});
