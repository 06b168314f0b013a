/** An Ed25519 key as ssh-keygen keeps it, from bytes that a test knows (PROTOCOL.key of OpenSSH, unencrypted). */
import { concat, toBase64, u32be, utf8 } from "../../protocol/bytes.ts";
import type { KeyPair } from "../../protocol/keys.ts";

const string = (bytes: Uint8Array): Uint8Array => concat(u32be(bytes.length), bytes);
const text = (value: string): Uint8Array => string(utf8(value));

/** @param pair raw keys, 32 bytes each @returns the PEM text of the private file */
export function opensshPrivateKey({ privateKey, publicKey }: KeyPair): string {
  const blob = concat(text("ssh-ed25519"), string(publicKey));
  const check = u32be(0x5eed5eed);
  const secret = concat(check, check, blob, string(concat(privateKey, publicKey)), text(""));
  const padding = Uint8Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1);
  const file = concat(
    utf8("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    u32be(1),
    string(blob),
    string(concat(secret, padding)),
  );
  const lines = toBase64(file).match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
