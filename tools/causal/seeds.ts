import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { encodeSeedEntry, encodeSeedFile, encodeStatement, hostIdOf } from "@bootseed/protocol";

/**
 * Two real seed files of one host that differ in the 64 bytes of the pool and (thus) the checksum, in nothing else: whatever differs
 * between the host keys of A and B, the pool made it so.
 */
export function twoSeedFiles(): Record<"A" | "B", Uint8Array> {
  const root = generateKeyPairSync("ed25519");
  const rootPk = rawPublicKey(root.publicKey);
  const statement = encodeStatement(
    {
      hostId: hostIdOf(rootPk),
      serial: 1,
      rootAlg: 1,
      rootPk,
      packetPk: rawPublicKey(generateKeyPairSync("ed25519").publicKey),
      intervalMs: 21_600_000,
      pins: [randomBytes(32)],
      addresses: ["169.254.0.2:7443"],
    },
    (message) => sign(null, message, root.privateKey),
  );
  const common = {
    hostId: hostIdOf(rootPk),
    seedId: randomBytes(16),
    claimKey: randomBytes(32),
    psk0: randomBytes(32),
    statement,
  };
  const file = (): Uint8Array => encodeSeedFile([encodeSeedEntry({ ...common, pool: randomBytes(64) })]);
  return { A: file(), B: file() };
}

function rawPublicKey(key: ReturnType<typeof generateKeyPairSync>["publicKey"]): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}
