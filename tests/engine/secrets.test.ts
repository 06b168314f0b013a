/** No seed in clear anywhere that the engine writes, and the size limit is met in preview. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeMint, startFakeMint } from "./fake-mint.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let mint: FakeMint;

beforeAll(async () => {
  bench = await Workbench.open();
  mint = await startFakeMint(join(bench.dir, "mint.sock"));
});
afterAll(async () => {
  await mint?.close();
  await bench?.close();
});

/** A secret as it could lie in a file: raw, base64 at any offset, hex. */
function formsOf(secret: Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  // Inside longer base64 a value starts at one of three offsets; the characters that depend on neighbours are cut off.
  const inside = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return encoded.replace(/=+$/, "").slice(Math.ceil((offset * 4) / 3), -1);
  });
  return [bytes, ...inside.map((text) => Buffer.from(text)), Buffer.from(bytes.toString("hex"))];
}

const foundIn = (written: Buffer, secrets: Uint8Array[]): number =>
  secrets.flatMap(formsOf).filter((form) => written.includes(form)).length;

it("the search finds a secret in each form", () => {
  const secret = new Uint8Array(32).map((_, i) => i * 7);
  const bytes = Buffer.from(secret);
  for (const prefix of ["", "a", "ab", "abc"]) {
    const base64 = Buffer.from(Buffer.concat([Buffer.from(prefix), bytes, Buffer.from("tail")]).toString("base64"));
    expect(foundIn(base64, [secret])).toBeGreaterThan(0);
  }
  expect(foundIn(Buffer.concat([Buffer.from("x"), bytes]), [secret])).toBe(1);
  expect(foundIn(Buffer.from(bytes.toString("hex")), [secret])).toBe(1);
});

it("state, backend and home hold no seed in clear after create, no-op and replacement", async () => {
  await bench.configure(mint.url, [{ name: "web" }]);
  await bench.mustUp();
  const posted = Buffer.from(String(bench.api.posted[0]?.["user_data"]));
  const used = mint.canaries.slice(0, 3);
  await bench.mustUp();
  await bench.mustUp("--replace", await bench.urn("web"));
  expect(mint.canaries).toHaveLength(9);
  // The seed file is base64 in the user-data, so this also shows that the search would find it.
  expect(foundIn(posted, used)).toBeGreaterThanOrEqual(3);
  expect(foundIn(await bench.everythingWritten(), mint.canaries)).toBe(0);
  // The provider keeps the SHA-1 of the user-data as output: a way to check guesses, so that is secret too.
  const { deployment } = JSON.parse(await bench.must("stack", "export")) as {
    deployment: { resources: { type: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> }[] };
  };
  const droplet = deployment.resources.find(({ type }) => type === "digitalocean:index/droplet:Droplet");
  for (const side of [droplet?.inputs, droplet?.outputs]) {
    expect(side?.["userData"]).toMatchObject({ ciphertext: expect.any(String) });
  }
});

it("user-data over the limit: refused in preview with the sizes of all parts, nothing asked, nothing made", async () => {
  const userData = `#cloud-config\n# ${"x".repeat(66_000)}\n`;
  await bench.configure(mint.url, [{ name: "web" }, { name: "big", userData }]);
  mint.calls.length = 0;
  bench.api.calls.length = 0;
  const { ok, output } = await bench.run("preview");
  expect(ok).toBe(false);
  const sizes = String.raw`user-data would be [\d,]+ bytes, [\d,]+ over the limit of 65,536: your document 66,017, kit [\d,]+, seed 532, hook [\d,]+, envelope \d+`;
  expect(output).toMatch(new RegExp(`big: ${sizes}`));
  expect(output).not.toMatch(/at .*\.ts:\d+/);
  expect([mint.calls, bench.api.calls]).toEqual([[], []]);
});

it("unknown leading text is refused in preview with a hint", async () => {
  await bench.configure(mint.url, [{ name: "odd", userData: "packages: [jq]\n" }]);
  expect((await bench.run("preview")).output).toMatch(/odd: userData begins with "packages: \[jq\]", .*#cloud-config/);
});
