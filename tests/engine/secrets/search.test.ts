/** The search itself: it finds a secret in each form and packing, and nothing else. All other tests of this folder stand on it. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { textCanaries } from "../../testing/canary.ts";
import { CanarySearch } from "../../testing/canary-search.ts";
import { ProcessWatch } from "../../testing/process-watch.ts";

const secret = randomBytes(64);
const search = new CanarySearch([{ name: "pool", bytes: secret }]);
const around = (form: string | Uint8Array): Buffer =>
  Buffer.concat([Buffer.from("before:"), Buffer.from(form as string), Buffer.from(":after")]);
/** Seen through user-data: a line of text that holds the secret in base64. */
const document = `#!/bin/sh\n${"# words before it\n".repeat(9)}BOOTSEED=${secret.toString("base64")}\n`;
const mime = (body: string | Uint8Array): string =>
  (
    Buffer.from(body as string)
      .toString("base64")
      .match(/.{1,76}/g) ?? []
  ).join("\n");
/** As gzip(1) writes it. */
const gzipNamed = (text: string): Buffer =>
  execFileSync("sh", ["-c", 'cd "$(mktemp -d)" && cat > name && gzip name && cat name.gz && rm -r "$PWD"'], {
    input: text,
  });

describe("forms of a secret", () => {
  it.each([
    ["raw", secret],
    ["hex", secret.toString("hex")],
    ["HEX", secret.toString("hex").toUpperCase()],
    ["base64", secret.toString("base64")],
    ["base64url", secret.toString("base64url")],
    ["base64 in a URL", encodeURIComponent(secret.toString("base64"))],
    ["url", new URLSearchParams({ a: secret.toString("base64") }).toString()],
    ["percent", secret.toString("hex").replace(/../g, "%$&")],
    ["an inspected Buffer", `<Buffer ${(secret.toString("hex").match(/../g) ?? []).join(" ")}>`],
    ["JSON of a Buffer", JSON.stringify(secret)],
    ["JSON of bytes", JSON.stringify([...secret])],
    ["latin-1 as UTF-8", Buffer.from(secret.toString("latin1"), "utf8")],
  ])("%s", (_, form) => {
    expect(search.in(around(form))).not.toEqual([]);
    // Cut off in the middle, as a log does with long values.
    expect(search.in(around(form).subarray(0, Math.floor(form.length * 0.6)))).not.toEqual([]);
  });

  it.each([0, 1, 2])("inside base64, %i bytes after a multiple of three", (offset) => {
    const bytes = Buffer.concat([randomBytes(30 + offset), secret, randomBytes(20)]);
    expect(search.raw(Buffer.from(bytes.toString("base64")))).toContain(`pool: base64 +${offset}`);
    expect(search.raw(Buffer.from(bytes.toString("base64url")))).toContain(`pool: base64url +${offset}`);
  });

  it("a token is looked for as text and as what it stands for", () => {
    const token = randomBytes(32).toString("base64url");
    const both = new CanarySearch(textCanaries("token", token));
    expect(both.raw(Buffer.from(`authorization: Bearer ${token}`))).toContain("token: raw");
    expect(both.raw(Buffer.from(token, "base64url"))).toEqual(["token, decoded: raw"]);
    expect(both.raw(Buffer.from(Buffer.from(token).toString("hex")))).toEqual(["token: hex"]);
  });
});

describe("what it is packed in", () => {
  it.each([
    ["gzip", gzipSync(document)],
    ["gzip behind something else", Buffer.concat([randomBytes(100), gzipSync(document), randomBytes(9)])],
    ["gzip of a named file", gzipNamed(document)],
    ["gzip that was cut off", gzipSync(Buffer.concat([secret, randomBytes(9000)])).subarray(0, 5000)],
    ["zstd", zstdCompressSync(document)],
    ["a MIME part in base64", `Content-Transfer-Encoding: base64\n\n${mime(document)}\n`],
    ["a MIME part in a JSON string", JSON.stringify({ user_data: mime(document) })],
    ["a gzipped MIME part", mime(gzipSync(document))],
    ["gzip in base64", gzipSync(document).toString("base64")],
    ["base64 in gzip in base64 in JSON", JSON.stringify({ a: gzipSync(mime(document)).toString("base64") })],
    ["base64 of base64", Buffer.from(secret.toString("base64")).toString("base64")],
    ["a percent-encoded document", encodeURIComponent(document)],
    ["base64 in lines", mime(secret.toString("hex"))],
  ])("%s", (_, packed) => {
    expect(search.in(around(packed))).not.toEqual([]);
  });

  it("nothing is found where nothing is", () => {
    const other = randomBytes(64);
    const texts = [other, other.toString("hex"), mime(document.replace(/=.*/, `=${other.toString("base64")}`))];
    expect(texts.flatMap((text) => search.in(around(text)))).toEqual([]);
    expect(search.in(gzipSync(randomBytes(100_000)))).toEqual([]);
  });

  it("a wiped or short secret is refused: it would be found everywhere, or nowhere", () => {
    expect(() => new CanarySearch([{ name: "wiped", bytes: new Uint8Array(32) }])).toThrow(/canary wiped/);
    expect(() => new CanarySearch([{ name: "short", bytes: randomBytes(8) }])).toThrow(/at least 16 bytes/);
    expect(() => new CanarySearch([])).toThrow(/nothing/);
  });
});

describe("command lines and environments", () => {
  it("sees one in argv and one in the environment of short-lived processes, and none afterwards", async () => {
    const [inArgv, inEnv] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
    const wanted = new CanarySearch([
      { name: "argv", bytes: Buffer.from(inArgv, "hex") },
      { name: "environ", bytes: Buffer.from(inEnv, "hex") },
    ]);
    await using watch = await ProcessWatch.start();
    await execa("sh", ["-c", "sleep 0.3 # $0", inArgv], { env: { CANARY: inEnv } });
    const { rounds, places } = await watch.stop();
    expect(rounds).toBeGreaterThan(1);
    const seen = wanted.among(places);
    expect(seen.filter((line) => /cmdline: argv: hex/.test(line))).not.toEqual([]);
    expect(seen.filter((line) => /environ: environ: hex/.test(line))).not.toEqual([]);
    await using again = await ProcessWatch.start();
    expect(wanted.among((await again.stop()).places)).toEqual([]);
  });
});
