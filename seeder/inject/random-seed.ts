/**
 * What lies in an image for its first boot, by systemd-random-seed.service(8): 512 bytes of the host's full-entropy
 * output, marked as creditable. systemd takes the mark off, durably, before it credits; so they count once.
 */
import { BootseedError } from "@bootseed/protocol";
import type { MintApi } from "../mint-client/client.ts";

/** In the image, without the leading slash. */
export const SEED_FILE = "var/lib/systemd/random-seed";
export const SEED_BYTES = 512;
export const CREDITABLE = "user.random-seed-creditable";

/** systemd credits nothing unless its unit says so. */
export const DROP_IN_FOLDER = "etc/systemd/system/systemd-random-seed.service.d";
export const DROP_IN_FILE: string = `${DROP_IN_FOLDER}/bootseed.conf`;
/**
 * `1`, not `force`: only a marked file is credited. Gone after one boot: with it, systemd would also credit what it saves at
 * each shutdown, and two clones of a disk would credit the same bytes.
 */
export const DROP_IN: string = `# Written by bootseed inject: credit the injected random seed at the first boot, and only then.
[Service]
Environment=SYSTEMD_RANDOM_SEED_CREDIT=1
ExecStartPost=-/bin/rm -f /${DROP_IN_FILE}
`;

const POOL_BYTES = 64;
const POOLS: number = SEED_BYTES / POOL_BYTES;

/**
 * The pools of eight reservations that nobody commits: the host writes nothing, and forgets them.
 *
 * @param stack `org/project/stack`, by which the host decides who may ask
 * @returns 512 bytes, to be wiped by the caller
 * @throws BootseedError of the host; "malformed" for bytes that are no output of a generator
 */
export async function drawSeed(mint: Pick<MintApi, "reserve">, stack: string, name: string): Promise<Uint8Array> {
  const urns = Array.from({ length: POOLS }, (_, i) => `urn:bootseed:${stack}::random-seed::${name}#${i}`);
  const { reservations } = await mint.reserve(stack, urns);
  const pools = new Set(reservations.map(({ pool }) => pool));
  if (pools.size !== POOLS || reservations.length !== POOLS)
    throw new BootseedError(
      "malformed",
      `expected ${POOLS} different pools from the host, got ${pools.size}: ask it again`,
    );
  const seed = new Uint8Array(SEED_BYTES);
  for (const [i, { pool }] of reservations.entries()) {
    const bytes = Buffer.from(pool, "base64");
    if (bytes.every((byte) => byte === 0))
      throw new BootseedError("malformed", "the host sent zeros: look at its sources");
    seed.set(bytes, i * POOL_BYTES);
    bytes.fill(0);
  }
  return seed;
}

/**
 * @param machineId content of the image's /etc/machine-id; undefined where there is none
 * @returns what to tell whoever injects, or undefined: at what systemd takes for a first boot it credits nothing (machine-id(5))
 */
export function firstBootRemark(machineId: string | undefined): string | undefined {
  if (machineId !== undefined && machineId.trim() !== "uninitialized") return undefined;
  const got = machineId === undefined ? "there is no /etc/machine-id" : "/etc/machine-id says uninitialized";
  return `${got}, so systemd will mix the seed but not credit it: make that file an empty one before you inject`;
}
