/** The parser against ssh-keygen, and keys that are something else. */
import { ed25519Signer, ed25519Verify, equalConstantTime, utf8 } from "@bootseed/protocol";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseOpensshKey } from "./openssh-key.ts";

const folder = mkdtempSync(join(tmpdir(), "bootseed-key-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

function generated(...words: string[]): { pem: Uint8Array; publicLine: string } {
  const path = join(folder, `key-${++made}`);
  execFileSync("/usr/bin/ssh-keygen", ["-q", "-f", path, ...words]);
  return { pem: Uint8Array.from(readFileSync(path)), publicLine: readFileSync(`${path}.pub`, "utf8") };
}

const refused = (pem: Uint8Array | string): unknown => {
  try {
    parseOpensshKey(typeof pem === "string" ? utf8(pem) : pem);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "taken";
};

describe("parseOpensshKey", () => {
  it.each(["", "a comment", "ö".repeat(40)])("reads ssh-keygen's key with the comment %j", (comment) => {
    const { pem, publicLine } = generated("-t", "ed25519", "-N", "", "-C", comment);
    const pair = parseOpensshKey(pem);
    const shown = Buffer.from(publicLine.split(" ")[1] ?? "", "base64").subarray(-32);
    expect(equalConstantTime(pair.publicKey, shown)).toBe(true);
    const message = utf8("what is signed with it verifies with the public half");
    expect(ed25519Verify(shown, message, ed25519Signer(pair.privateKey)(message))).toBe(true);
  });

  it("refuses a passphrase, other kinds, text, and every truncation", () => {
    expect(refused(generated("-t", "ed25519", "-N", "secret words").pem)).toBe("malformed");
    expect(refused(generated("-t", "ecdsa", "-N", "").pem)).toBe("malformed");
    expect(refused(generated("-t", "rsa", "-m", "PEM", "-N", "").pem)).toBe("malformed");
    expect(refused("")).toBe("malformed");
    const { pem } = generated("-t", "ed25519", "-N", "", "-C", "");
    for (let length = 0; length < pem.length - 1; length++) expect(refused(pem.slice(0, length))).toBe("malformed");
  });

  it("refuses a key whose halves do not belong together, and any changed byte", () => {
    const { pem } = generated("-t", "ed25519", "-N", "", "-C", "");
    const text = Buffer.from(pem).toString();
    const bytes = Buffer.from(text.split("\n").slice(1, -2).join(""), "base64");
    const lines = (data: Buffer): string => data.toString("base64").replaceAll(/.{70}/g, "$&\n");
    const wrap = (data: Buffer): string =>
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines(data)}\n-----END OPENSSH PRIVATE KEY-----\n`;
    expect(refused(wrap(bytes))).toBe("taken");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(refused(wrap(changed)), `byte ${at}`).toBe("malformed");
    }
  });
});
