import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { refuseDamaged } from "./damage.ts";
import { withRawView } from "./raw-view.ts";

const QEMU = prerequisite(
  spawnSync("qemu-img", ["--version"]).status === 0,
  "expected qemu-img: apt-get install qemu-utils",
);
/** Bytes of data; with the smallest clusters, each is one line of what qemu-img has to say. */
const [BYTES, CLUSTER] = [16 << 20, 512];
/** docs/interop/qcow2.txt of QEMU: in the header, where the refcount table is and how many clusters it has. */
const [TABLE_OFFSET, TABLE_CLUSTERS] = [48, 56];

it.skipIf(!QEMU)("a qcow2 image that needs a key is not called damaged", async () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-damage-"));
  const image = join(dir, "image.qcow2");
  const secret = ["--object", "secret,id=s,data=nobody-knows"];
  // Not luks: qemu-img measures how fast it derives a key, and on a busy machine that fails ("Unable to get accurate CPU usage").
  const encrypted = ["-o", "encrypt.format=aes,encrypt.key-secret=s"];
  expect(spawnSync("qemu-img", ["create", "-qf", "qcow2", ...secret, ...encrypted, image, "1M"]).status).toBe(0);
  const opened = withRawView(image, () => "opened");
  await expect(opened).rejects.toMatchObject({ code: "io", message: expect.stringContaining("encrypt.key-secret") });
  rmSync(dir, { recursive: true });
});

describe.skipIf(!QEMU)("a qcow2 image without reference counts", () => {
  let dir: string, image: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "bootseed-damage-"));
    image = join(dir, "image.qcow2");
    writeFileSync(join(dir, "raw"), randomBytes(BYTES));
    const options = ["-O", "qcow2", "-o", `cluster_size=${CLUSTER}`];
    expect(spawnSync("qemu-img", ["convert", ...options, join(dir, "raw"), image]).status).toBe(0);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("is refused, however much there is to say of it; as it was made, it is not", () => {
    refuseDamaged(image);
    const bytes = readFileSync(image);
    const [table, length] = [Number(bytes.readBigUInt64BE(TABLE_OFFSET)), bytes.readUInt32BE(TABLE_CLUSTERS) * CLUSTER];
    for (let at = table; at < table + length; at += 8) {
      const block = Number(bytes.readBigUInt64BE(at));
      if (block !== 0) bytes.fill(0, block, block + CLUSTER);
    }
    writeFileSync(image, bytes);
    const { stderr, stdout } = spawnSync("qemu-img", ["check", image], { maxBuffer: Infinity });
    expect(stderr.length + stdout.length).toBeGreaterThan(1 << 20);
    expect(() => refuseDamaged(image)).toThrow(/image\.qcow2 is damaged or not complete: cluster \d+ refcount=0/);
  });
});
