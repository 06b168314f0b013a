/** The identity as ssh-keygen keeps it: openssh-key-v1 without a passphrase, one Ed25519 key (PROTOCOL.key of OpenSSH). */
import {
  BootseedError,
  equalConstantTime,
  type KeyPair,
  keyPair,
  Reader,
  toBase64,
  utf8,
  wipe,
} from "@bootseed/protocol";

const MAGIC = "openssh-key-v1\0";
const PEM = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END OPENSSH PRIVATE KEY-----\n?$/;

/**
 * @param pem the file @returns raw keys, 32 bytes each; the private one is a secret
 * @throws BootseedError "malformed" for anything else: encrypted, another kind, damaged
 */
export function parseOpensshKey(pem: Uint8Array): KeyPair {
  const base64 = PEM.exec(Buffer.from(pem).toString("latin1"))?.[1]?.replaceAll("\n", "");
  if (base64 === undefined) throw new BootseedError("malformed", "identity: expected an OpenSSH private key");
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  if (toBase64(bytes) !== base64) throw new BootseedError("malformed", "identity: expected base64");
  try {
    return parse(bytes);
  } finally {
    wipe(bytes);
  }
}

function parse(bytes: Uint8Array): KeyPair {
  const file = new Reader(bytes, "identity");
  const string = (reader: Reader, field: string): Uint8Array => reader.take(reader.u32(`length of ${field}`), field);
  const expect = (got: Uint8Array, wanted: Uint8Array, field: string): void => {
    if (!equalConstantTime(got, wanted)) file.refuse(`${field} is not that of a plain Ed25519 key`);
  };
  const magic = utf8(MAGIC);
  expect(file.take(magic.length, "magic"), magic, "magic");
  expect(string(file, "cipher"), utf8("none"), "cipher");
  expect(string(file, "kdf"), utf8("none"), "kdf");
  expect(string(file, "kdf options"), new Uint8Array(0), "kdf options");
  if (file.u32("number of keys") !== 1) file.refuse("expected one key");
  const shown = new Reader(string(file, "public key"), "identity: public key");
  expect(string(shown, "kind"), utf8("ssh-ed25519"), "kind");
  const publicKey = string(shown, "key");
  shown.end();
  const inner = string(file, "private part");
  file.end();
  const secret = new Reader(inner, "identity: private part");
  expect(secret.take(4, "check"), secret.take(4, "check"), "check");
  expect(string(secret, "kind"), utf8("ssh-ed25519"), "kind");
  expect(string(secret, "public key"), publicKey, "public key");
  const both = string(secret, "private key");
  if (both.length !== 64) file.refuse("private key: expected 64 bytes");
  expect(both.subarray(32), publicKey, "second half of the private key");
  string(secret, "comment");
  // 1, 2, 3 … up to a block of 8 bytes: exact as all else, and python's library minds it too.
  if (secret.left > 7) file.refuse("padding is longer than a block");
  for (let pad = 1; secret.left > 0; pad++)
    if (secret.u8("padding") !== pad) file.refuse("padding is not that of a key");
  if (inner.length % 8 !== 0) file.refuse("private part: expected blocks of 8 bytes");
  const pair = keyPair("ed25519", both.subarray(0, 32));
  wipe(inner, both);
  if (!equalConstantTime(pair.publicKey, publicKey)) file.refuse("public and private key do not belong together");
  return pair;
}
