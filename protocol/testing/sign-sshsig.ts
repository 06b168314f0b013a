/** Makes SSHSIG blobs with Ed25519 keys, as `ssh-keygen -Y sign` does. For tests: the product only verifies. */
import { hash } from "node:crypto";
import { concat, u32be, utf8 } from "../bytes.ts";
import { ed25519Signer, type KeyPair } from "../keys.ts";
import { ed25519SshKey, sshString } from "../ssh-key.ts";

/** What an SSHSIG signs: `"SSHSIG" ‖ namespace ‖ reserved ‖ hash algorithm ‖ H(message)`. */
export function sshsigInput(message: Uint8Array, namespace: string, algorithm: "sha256" | "sha512"): Uint8Array {
  return concat(
    utf8("SSHSIG"),
    sshString(utf8(namespace)),
    sshString(new Uint8Array(0)),
    sshString(utf8(algorithm)),
    sshString(hash(algorithm, message, "buffer")),
  );
}

/** Puts a blob together. @param signature - `string format ‖ string signature` */
export function sshsigBlob(
  publicKey: Uint8Array,
  namespace: string,
  algorithm: "sha256" | "sha512",
  signature: Uint8Array,
): Uint8Array {
  return concat(
    utf8("SSHSIG"),
    u32be(1),
    sshString(publicKey),
    sshString(utf8(namespace)),
    sshString(new Uint8Array(0)),
    sshString(utf8(algorithm)),
    sshString(signature),
  );
}

/** An SSHSIG blob by an Ed25519 key. */
export function signSshsig(key: KeyPair, message: Uint8Array, namespace: string): Uint8Array {
  const signature = ed25519Signer(key.privateKey)(sshsigInput(message, namespace, "sha512"));
  const blob = concat(sshString(utf8("ssh-ed25519")), sshString(signature));
  return sshsigBlob(ed25519SshKey(key.publicKey), namespace, "sha512", blob);
}
