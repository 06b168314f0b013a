/** `bootseed userdata`: a seed, committed, in user-data for a machine that something else than Pulumi creates. */
import { BootseedError, encodeSeedFile, type Reservation, type ReservationsAnswer } from "@bootseed/protocol";
import { entryOf } from "../droplet/host-run.ts";
import type { MintApi } from "../mint-client/client.ts";
import { documentPart } from "../render/document.ts";
import { type PackedUserData, packUserData, type UserDataFormat } from "../render/pack.ts";
import { type Kit, TYPICAL_SEED_FILE_BYTES } from "../render/render.ts";
import { BadInput } from "./bad-input.ts";
import { readInput } from "./input-file.ts";

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

/** @param template a file, `-` for stdin, or undefined for none @throws BootseedError "not-found", "io" */
export const readTemplate = (template: string | undefined): Uint8Array =>
  template === undefined ? new Uint8Array() : readInput(template, "the template");

/** The same limits without a seed; what a program calls `userData` and `wrap` are a template and `--force` here. */
function check(request: UserDataRequest): void {
  try {
    documentPart(request.document, request.wrap === "force");
  } catch (cause) {
    if (!(cause instanceof BootseedError)) throw cause;
    const words = cause.message.replace(/^userData /, "the template ").replace('pass wrap: "force"', "give --force");
    throw new BadInput(words, { cause });
  }
  packUserData({ ...request, seedFile: new Uint8Array(TYPICAL_SEED_FILE_BYTES) }, request.format);
}

/** A seed that is none is no fault of whoever asked. */
function entryFrom(answer: ReservationsAnswer, reservation: Reservation): Uint8Array {
  try {
    return entryOf(answer, reservation);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BootseedError("malformed", `the host gave no seed: ${why}`, { cause });
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
  const entry = entryFrom(answer, reservation);
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
