import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { concat, utf8 } from "./bytes.ts";
import { ed25519SshKey, parseOpenSshLine, sshString } from "./ssh-key.ts";
import { dearmorSshsig, parseSshsig, verifySshsig } from "./sshsig.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";
import { signSshsig, sshsigBlob, sshsigInput } from "./testing/sign-sshsig.ts";

const NAMESPACE = "bootseed-host-key@v1";
const MESSAGE = utf8('{"verdict":"reseeded"}');
const KINDS = [
  ["ed25519", []],
  ["ecdsa", ["-b", "256"]],
  ["ecdsa", ["-b", "384"]],
  ["ecdsa", ["-b", "521"]],
  ["rsa", ["-b", "2048"]],
  ["rsa", ["-b", "3072"]],
] as const;

let folder: string;

/** A real key and a real signature by ssh-keygen. */
function sshKeygen(kind: string, options: readonly string[], hash = "sha512"): { key: Uint8Array; blob: Uint8Array } {
  const path = join(mkdtempSync(join(folder, kind)), "key");
  const quiet: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "pipe"] };
  execFileSync("ssh-keygen", ["-q", "-t", kind, ...options, "-N", "", "-C", "a comment", "-f", path], quiet);
  writeFileSync(`${path}.msg`, MESSAGE);
  const sign = ["-Y", "sign", "-q", "-f", path, "-n", NAMESPACE, "-O", `hashalg=${hash}`, `${path}.msg`];
  execFileSync("ssh-keygen", sign, quiet);
  const blob = dearmorSshsig(readFileSync(`${path}.msg.sig`, "utf8"));
  return { key: parseOpenSshLine(readFileSync(`${path}.pub`, "utf8").trim()), blob };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bootseed-sshsig-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("SSHSIG by ssh-keygen -Y sign", () => {
  it.each(KINDS)("verifies: %s %s", (kind, options) => {
    for (const hash of ["sha256", "sha512"]) {
      const { key, blob } = sshKeygen(kind, options, hash);
      verifySshsig(blob, MESSAGE, NAMESPACE, key);
      expect(parseSshsig(blob)).toMatchObject({ namespace: NAMESPACE, hashAlgorithm: hash, publicKey: key });
      expect(refusal(() => verifySshsig(blob, utf8("other"), NAMESPACE, key))).toBe("bad-signature");
    }
  });

  it.each(KINDS)(
    "is refused with any bit flipped, cut anywhere, or longer: %s %s",
    { timeout: 240_000 },
    (kind, options) => {
      const { key, blob } = sshKeygen(kind, options, "sha512");
      expect(survivors(blob, (bytes) => verifySshsig(bytes, MESSAGE, NAMESPACE, key))).toEqual([]);
    },
  );

  it("is what the test signer makes, byte for byte in shape", () => {
    const blob = signSshsig(ex.hostKey, MESSAGE, NAMESPACE);
    verifySshsig(blob, MESSAGE, NAMESPACE, ed25519SshKey(ex.hostKey.publicKey));
    expect(blob).toHaveLength(sshKeygen("ed25519", [], "sha512").blob.length);
  });
});

/** SSH strings behind a name: a key, or a signature. */
function named(format: string, ...parts: Uint8Array[]): Uint8Array {
  return concat(sshString(utf8(format)), ...parts.map((part) => sshString(part)));
}

describe("SSHSIG", () => {
  it("has one encoding of each number: a padded r, a padded modulus and a negative one are refused", () => {
    const { key: ecdsaKey, blob } = sshKeygen("ecdsa", ["-b", "256"]);
    const inner = parseSshsig(blob).signature;
    // string type (4 + 19), string (4) of: mpint r, mpint s
    const [rs, format] = [inner.subarray(27), "ecdsa-sha2-nistp256"];
    const rBytes = rs[3] ?? 0;
    const padded = concat(Uint8Array.of(0, 0, 0, rBytes + 1, 0), rs.subarray(4));
    for (const [changed, code] of [
      [rs, "accepted"],
      [padded, "malformed"],
    ] as const) {
      const signed = sshsigBlob(ecdsaKey, NAMESPACE, "sha512", named(format, changed));
      expect(refusal(() => verifySshsig(signed, MESSAGE, NAMESPACE, ecdsaKey))).toBe(code);
    }
    const modulus = Uint8Array.of(0x80, ...ex.chunk.subarray(0, 254), 1);
    for (const [n, code] of [
      [Uint8Array.of(0, ...modulus), "bad-signature"],
      [Uint8Array.of(0, 0, ...modulus), "malformed"],
      [modulus, "malformed"],
    ] as const) {
      const rsaKey = named("ssh-rsa", Uint8Array.of(1, 0, 1), n);
      const signed = sshsigBlob(rsaKey, NAMESPACE, "sha512", named("rsa-sha2-512", modulus));
      expect(refusal(() => verifySshsig(signed, MESSAGE, NAMESPACE, rsaKey))).toBe(code);
    }
  });

  const key = ed25519SshKey(ex.hostKey.publicKey);
  const good = signSshsig(ex.hostKey, MESSAGE, NAMESPACE);
  const signature = parseSshsig(good).signature;
  const forged = (publicKey: Uint8Array, sig: Uint8Array): Uint8Array =>
    sshsigBlob(publicKey, NAMESPACE, "sha512", sig);
  const small = ed25519SshKey(Uint8Array.of(1, ...new Uint8Array(31)));
  const rsa1024 = named("ssh-rsa", Uint8Array.of(1, 0, 1), Uint8Array.of(0, 0x80, ...ex.chunk.slice(0, 127)));
  const dsa = named("ssh-dss", ex.pool, ex.pool, ex.pool, ex.pool);
  const p256 = named("ecdsa-sha2-nistp256", utf8("nistp256"), Uint8Array.of(4, ...ex.pool));

  it.each([
    ["another namespace", good, key, "bootseed-report@v1", "mismatch"],
    ["another key", good, ed25519SshKey(ex.identity.publicKey), NAMESPACE, "mismatch"],
    ["a key of small order", forged(small, signature), small, NAMESPACE, "small-order-key"],
    ["a DSA key", forged(dsa, named("ssh-dss", ex.pool)), dsa, NAMESPACE, "unsupported"],
    ["an RSA key of 1,024 bits", forged(rsa1024, named("rsa-sha2-512", ex.pool)), rsa1024, NAMESPACE, "malformed"],
    ["an RSA signature with SHA-1", forged(rsa1024, named("ssh-rsa", ex.pool)), rsa1024, NAMESPACE, "malformed"],
    ["a point off the curve", forged(p256, named("ecdsa-sha2-nistp256", ex.pool)), p256, NAMESPACE, "malformed"],
    ["a signature of another kind", forged(key, named("rsa-sha2-512", ex.pool)), key, NAMESPACE, "unsupported"],
    ["no signature", forged(key, new Uint8Array(0)), key, NAMESPACE, "malformed"],
  ])("refuses %s", (_, blob, publicKey, namespace, code) => {
    expect(refusal(() => verifySshsig(blob, MESSAGE, namespace, publicKey))).toBe(code);
  });

  it("signs what PROTOCOL.sshsig says", () => {
    expect(Buffer.from(sshsigInput(MESSAGE, NAMESPACE, "sha256").subarray(0, 30)).toString("latin1")).toBe(
      `SSHSIG\0\0\0\u0014${NAMESPACE}`,
    );
  });

  it("comes out of its armour, and out of nothing else", () => {
    const base64 = Buffer.from(good)
      .toString("base64")
      .replaceAll(/(.{70})/g, "$1\n");
    const armoured = `-----BEGIN SSH SIGNATURE-----\n${base64}\n-----END SSH SIGNATURE-----\n`;
    expect(dearmorSshsig(armoured)).toEqual(good);
    for (const text of ["", base64, armoured.replace("SSH", "PGP"), `${armoured}x`, armoured.replace("\n", " ")])
      expect(refusal(() => dearmorSshsig(text))).toBe("malformed");
  });
});

describe("OpenSSH public-key line", () => {
  const line = `ssh-ed25519 ${Buffer.from(ed25519SshKey(ex.hostKey.publicKey)).toString("base64")}`;

  it("is read with and without a comment", () => {
    for (const text of [line, `${line} root@web-7`])
      expect(parseOpenSshLine(text)).toEqual(ed25519SshKey(ex.hostKey.publicKey));
  });

  it.each([
    "",
    "ssh-ed25519",
    line.replace("ssh-ed25519", "ssh-rsa"),
    `options ${line}`,
    line.slice(0, -1),
    line.replace(" ", "\t"),
  ])("refuses %j", (text) => {
    expect(refusal(() => parseOpenSshLine(text))).toBe("malformed");
  });
});
