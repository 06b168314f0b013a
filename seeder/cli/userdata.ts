/** `bootseed userdata`: a seed, committed, in user-data for a machine that something else than Pulumi creates. */
import { readFileSync } from "node:fs";
import { BootseedError, encodeSeedFile } from "@bootseed/protocol";
import { entryOf } from "../droplet/host-run.ts";
import type { MintApi } from "../mint-client/client.ts";
import { type PackedUserData, packUserData, type UserDataFormat } from "../render/pack.ts";
import { type Kit, TYPICAL_SEED_FILE_BYTES } from "../render/render.ts";

/** The stack of VMs that no program made; another one keeps them apart, and a client's stacks decide. */
export const DEFAULT_STACK = "local/userdata/default";

export interface UserDataRequest {
  /** Shown by `bootseed vm ls`. */
  name: string;
  /** `org/project/stack` */
  stack: string;
  document: Uint8Array;
  format: UserDataFormat;
  maxBytes: number | undefined;
  wrap: "auto" | "force";
  kit: Kit;
}

export interface SeededUserData extends PackedUserData {
  seedId: string;
  sourceClass: string;
}

/** @param template a file, `-` for stdin, or undefined for none @throws BootseedError "io" */
export function readTemplate(template: string | undefined): Uint8Array {
  if (template === undefined) return new Uint8Array();
  try {
    return readFileSync(template === "-" ? 0 : template);
  } catch (cause) {
    throw new BootseedError("io", `cannot read the template ${template}: ${(cause as Error).message}`, { cause });
  }
}

/** The same limits without a seed; what a program says of `wrap` is `--force` here. */
function check(request: UserDataRequest): void {
  try {
    packUserData({ ...request, seedFile: new Uint8Array(TYPICAL_SEED_FILE_BYTES) }, request.format);
  } catch (error) {
    if (!(error instanceof BootseedError)) throw error;
    throw new BootseedError(error.code, error.message.replace('pass wrap: "force"', "give --force"), { cause: error });
  }
}

/**
 * Everything that can be refused is refused before the seed is taken. Its VM's instance-id will never be told: whoever
 * claims first with this seed's key is the VM.
 *
 * @throws BootseedError of the document, the sizes, or the host
 */
export async function seededUserData(
  mint: Pick<MintApi, "reserve" | "commit">,
  request: UserDataRequest,
): Promise<SeededUserData> {
  const { name, stack, format } = request;
  check(request);
  const urn = `urn:bootseed:${stack}::userdata::${name}`;
  const answer = await mint.reserve(stack, [urn]);
  const reservation = answer.reservations.find((one) => one.urn === urn);
  if (reservation === undefined) throw new BootseedError("malformed", `the host left out ${urn}: ask it again`);
  const { seedId, token } = reservation;
  const entry = entryOf(answer, reservation);
  const seedFile = encodeSeedFile([entry]);
  entry.fill(0);
  const packed = packUserData({ ...request, seedFile }, format);
  seedFile.fill(0);
  await mint.commit(seedId, { token, bind: "first-claim", name });
  return { ...packed, seedId, sourceClass: answer.sourceClass };
}

/** What a person is told, on stderr. */
export function userDataSummary(name: string, { bytes, sizes, seedId, sourceClass }: SeededUserData): string {
  const n = (count: number): string => count.toLocaleString("en-US");
  const parts = `document ${n(sizes.document)}, kit ${n(sizes.kit)}, seed ${n(sizes.seed)}, hook ${n(sizes.hook)}, envelope ${n(sizes.envelope)}`;
  const packed = bytes.length === sizes.total ? "" : `, gzipped from ${n(sizes.total)}`;
  return `${name}: ${n(bytes.length)} bytes of user-data${packed} (${parts}), seed ${seedId}, ${sourceClass}; for one machine, once`;
}
