import { openPacket, sealPacket } from "@bootseed/protocol";
import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { prerequisite } from "../tests/prerequisite.ts";
import { pair, requireInterop } from "./packets.ts";
import { Peers } from "./peer.ts";

const PROBE = { input: "#include <openssl/evp.h>\n", encoding: "utf8" } as const;
const READY = prerequisite(
  spawnSync("gcc", ["-fsyntax-only", "-xc", "-"], PROBE).status === 0,
  "expected gcc and OpenSSL's headers: apt-get install gcc libssl-dev",
);

describe.skipIf(!READY)("the C peer", () => {
  const peers = new Peers();
  afterAll(() => peers[Symbol.dispose]());

  it.each([1, 127, 128, 40_000, Number.MAX_SAFE_INTEGER - 1])(
    "and protocol/ open each other's packets: counter %d",
    (counter) => {
      expect(() => requireInterop(peers.packetPeer(), pair(counter))).not.toThrow();
    },
  );

  it("makes a new packet at every round, and the last one opens", () => {
    const one = pair(7);
    const peer = peers.packetPeer();
    const [first, second] = [peer.seal(one.seal, one.signSeed, 20), peer.seal(one.seal, one.signSeed, 20)];
    expect(first.bytes).not.toEqual(second.bytes);
    expect(openPacket(one.openInput(second.bytes))).toMatchObject({ counter: 7, chunk: one.seal.chunk });
  });

  it.each([
    ["version", 0],
    ["enc", 5],
    ["ciphertext", 40],
    ["tag", -70],
    ["signature", -1],
  ])("refuses a packet with a flipped bit: %s", (_, at) => {
    const one = pair(1);
    const { bytes } = sealPacket(one.seal);
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    expect(() => peers.packetPeer().open(one.openInput(bytes), 1)).toThrow(/ended with 70/);
  });

  it("refuses a counter that was used, and another VM's secret", () => {
    const one = pair(9);
    const input = one.openInput(sealPacket(one.seal).bytes);
    const peer = peers.packetPeer();
    expect(() => peer.open({ ...input, lastCounter: 9 }, 1)).toThrow(/counter/);
    expect(() => peer.open({ ...input, psk: new Uint8Array(32) }, 1)).toThrow(/open_psk/);
  });
});
