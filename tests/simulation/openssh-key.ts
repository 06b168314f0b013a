/** Writes an Ed25519 key as `ssh-keygen -t ed25519 -N ""` does; a thousand processes would take too long. */
import { concat, ed25519SshKey, type KeyPair, u32be, utf8 } from "@bootseed/protocol";

const string = (bytes: Uint8Array): Uint8Array => concat(u32be(bytes.length), bytes);
const BLOCK_BYTES = 8;

/** @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
export function opensshKey({ publicKey, privateKey }: KeyPair): { identity: Uint8Array; identityPub: Uint8Array } {
  const wire = ed25519SshKey(publicKey);
  const inner = concat(
    new Uint8Array(8), // twice the same check number
    string(utf8("ssh-ed25519")),
    string(publicKey),
    string(concat(privateKey, publicKey)),
    string(new Uint8Array(0)),
  );
  const padding = Uint8Array.from({ length: -inner.length & (BLOCK_BYTES - 1) }, (_, i) => i + 1);
  const none = string(utf8("none"));
  const whole = concat(
    utf8("openssh-key-v1\0"),
    none,
    none,
    string(new Uint8Array(0)),
    u32be(1),
    string(wire),
    string(concat(inner, padding)),
  );
  const lines =
    Buffer.from(whole)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  const pem = ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""];
  return {
    identity: utf8(pem.join("\n")),
    identityPub: utf8(`ssh-ed25519 ${Buffer.from(wire).toString("base64")}\n`),
  };
}
