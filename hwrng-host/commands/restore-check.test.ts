import { generateIdentity, identityToRecipient } from "age-encryption";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";

type Backup = { readonly key: string; readonly file: string };

async function backUp(host: ServedHost, name = "host"): Promise<Backup> {
  const [key, file] = [join(host.dir, `${name}.txt`), join(host.dir, `${name}.age`)];
  const identity = await generateIdentity();
  writeFileSync(key, `${identity}\n`, { mode: 0o600 });
  const recipient = await identityToRecipient(identity);
  expect(host.run("backup", "--recipient", recipient, "--out", file)).toMatchObject({ code: 0, err: "" });
  return { key, file };
}

const words = ({ key, file }: Backup): string[] => ["--identity", key, "--in", file];
const leftovers = (): string[] =>
  ["/dev/shm", tmpdir()].flatMap((dir) => readdirSync(dir).filter((name) => name.startsWith("bootseed-check-")));

describe("restore --check", () => {
  it("proves a backup and prints what is in it, beside the host that runs, and writes nothing", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    await host.enrolled("web");
    const backup = await backUp(host);
    const before = [readdirSync(host.dir), readdirSync(host.state), leftovers()];
    const { code, err, out } = host.run("restore", "--check", ...words(backup));
    expect([code, err]).toEqual([0, ""]);
    const [, hostId] = /"hostId":"([0-9a-f]{16})"/.exec(host.run("status", "--json").out) ?? [];
    expect(out).toMatch(new RegExp(`^host +${hostId}, at 127\\.0\\.0\\.1:${host.port}$`, "m"));
    expect(out).toMatch(/^made +20\d\d-[^]*^statement +1$[^]*^root key +in the backup$/m);
    expect(out).toMatch(/^database +1 VMs, 0 of them with a report; 0 join tokens, 0 clients$/m);
    const json = JSON.parse(host.run("restore", "--check", "--json", ...words(backup)).out) as object;
    expect(json).toMatchObject({ schema: 1, hostId, vms: 1, hasRootKey: true });
    expect([readdirSync(host.dir), readdirSync(host.state), leftovers()]).toEqual(before);
  });

  it("says that the root is elsewhere, and refuses a database of another host and a cut file", async () => {
    await using host = await ServedHost.make();
    await using other = await ServedHost.make();
    for (const each of [host, other]) {
      await each.serve();
      await each.enrolled("web");
      await each.stop();
    }
    const before = leftovers();
    // The root is elsewhere from now on; the key of the root before stays in the folder, and signs nothing.
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const [root, announced] = [join(host.dir, "root.pem"), join(host.dir, "root.pub")];
    writeFileSync(root, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(announced, publicKey.export({ type: "spki", format: "pem" }));
    expect(host.run("statement", "--next-root", announced)).toMatchObject({ code: 0 });
    expect(host.run("statement", "--use-root", root)).toMatchObject({ code: 0 });
    expect(readdirSync(host.state)).toContain("root.key");
    const good = await backUp(host);
    expect(host.run("restore", "--check", ...words(good))).toMatchObject({
      err: "",
      out: expect.stringMatching(/^root key +not in the backup/m),
    });
    renameSync(join(other.state, "host.db"), join(host.state, "host.db"));
    const mixed = host.run("restore", "--check", ...words(await backUp(host, "mixed")));
    expect([mixed.code, mixed.err]).toEqual([65, expect.stringMatching(/a database of host [0-9a-f]{16} beside/)]);
    writeFileSync(good.file, readFileSync(good.file).subarray(0, -40));
    expect(host.run("restore", "--check", ...words(good))).toMatchObject({ code: 65, out: "" });
    expect(leftovers()).toEqual(before);
    expect(host.run("restore", "--check", "--state-dir", host.dir, ...words(good))).toMatchObject({
      code: 64,
      err: expect.stringMatching(/--check or --state-dir, not both/),
    });
  });
});

describe("restore --state-dir", () => {
  it("restores into that folder and writes a config for it; a config that says another is refused", async () => {
    await using host = await ServedHost.make();
    const backup = await backUp(host);
    const folder = join(host.dir, "elsewhere");
    const refused = host.run("restore", "--state-dir", folder, ...words(backup));
    expect([refused.code, refused.err]).toEqual([64, expect.stringMatching(/--state-dir .* contradicts /)]);
    rmSync(host.config);
    expect(host.run("restore", "--state-dir", folder, ...words(backup))).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(host.config, "utf8")).toMatch(new RegExp(`^stateDir: ${folder}$`, "m"));
    expect(readdirSync(folder)).toContain("packet.key");
    await host.serve();
  });
});
