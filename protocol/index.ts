/**
 * What host and guest say to each other: bytes in, bytes out. No I/O; clock and randomness are arguments.
 *
 * The life of a VM, message by message: a host signs a **statement** about itself; mint makes a **seed entry**; the
 * booted VM sends a **claim** and gets a **certificate**; it sends a **report** with its SSH host keys; from then on,
 * every **hello** brings a **packet**, which the VM answers with a **receipt**. Functions named `parse…` check shape,
 * those named `verify…` give trust; both throw `BootseedError` for what they refuse. Encoders throw RangeError for a
 * field that the format cannot hold.
 */
export * from "./errors.ts";
export {
  concat,
  equalConstantTime,
  fromBase64,
  fromHex,
  lp,
  Reader,
  toBase64,
  toHex,
  u16be,
  u32be,
  u64be,
  u8,
  utf8,
  wipe,
} from "./bytes.ts";
export { label, SUITE, VERSION, type LabelName } from "./labels.ts";
export { hkdfExpand, hkdfExtract, hkdfSha256, hmacSha256, sha256 } from "./mac.ts";
export { ed25519Verify, ed25519VerifyQuickly, type VerifyEd25519 } from "./ed25519.ts";
export { checkEd25519, checkX25519, ed25519Signer, keyPair, type KeyPair, type Signer } from "./keys.ts";
export { p256Key, p256Verify, type P256Key } from "./p256.ts";
export * from "./statement.ts";
export * from "./follow.ts";
export * from "./seed-entry.ts";
export * from "./derive.ts";
export * from "./certificate.ts";
export * from "./claim.ts";
export * from "./report-json.ts";
export * from "./report.ts";
export { ed25519SshKey, parseOpenSshLine } from "./ssh-key.ts";
export { dearmorSshsig, parseSshsig, verifySshsig, type Sshsig } from "./sshsig.ts";
export * from "./hello.ts";
export { CHUNK_BYTES, encodePlaintext, parsePlaintext, type PacketPlaintext } from "./der.ts";
export { exportSecret, openPsk, sealPsk, type PskContext, type Sealed } from "./hpke.ts";
export * from "./packet.ts";
export * from "./receipt.ts";
export * from "./transport.ts";
export * from "./tcp.ts";
export * from "./join.ts";
export * from "./token.ts";
export * from "./mint.ts";
export * from "./status.ts";
export * from "./vms.ts";
export * from "./forget.ts";
export { type AlarmedVm, type Asker, MAX_STACK_VMS, type OtherVm, type StackVm } from "./stack-vms.ts";
export * from "./host-word.ts";
export * from "./live.ts";
export { LISTED_STATES, listedState, type ListedState } from "./listed-state.ts";
export * from "./vm-filter.ts";
export * from "./contest.ts";
export { withoutStack } from "./without-stack.ts";
