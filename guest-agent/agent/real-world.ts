/** The world of a process on a real machine. */
import { concat, u32be } from "@bootseed/protocol";
import { dirname, join } from "node:path";
import { realDisk } from "./disk.ts";
import { freshRandom } from "./fresh-random.ts";
import { httpsNetwork } from "./https.ts";
import { realKernel } from "./kernel.ts";
import { say } from "./output.ts";
import type { World } from "./world.ts";

/** Beside the bundle, as install.sh lays it. */
const HELPER = join(dirname(process.argv[1] ?? "."), "bootseed-mix");
const SOCKET = "/run/bootseed/mix.sock";

const u64 = (value: bigint): Uint8Array => concat(u32be(Number(value >> 32n)), u32be(Number(value & 0xffffffffn)));

/** @param root prefix of state and of files about the machine, for tests; the kernel is the real one */
export function realWorld(root: string): World {
  return {
    disk: realDisk(root),
    network: httpsNetwork(),
    kernel: realKernel({ socket: root + SOCKET, program: process.env["BOOTSEED_MIX"] ?? HELPER }),
    nowMs: () => Date.now(),
    clocks: () => concat(u64(process.hrtime.bigint()), u64(BigInt(Date.now()) * 1_000_000n)),
    random: (bytes) => freshRandom(bytes),
    say: (line) => say(`bootseed: ${line}`),
  };
}
