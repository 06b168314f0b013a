/** `bootseed-host mint`: one seed by hand, through the running service. */
import {
  commitAnswerSchema,
  encodeSeedEntry,
  encodeSeedFile,
  fromBase64,
  fromHex,
  nameProblem,
  reservationsAnswerSchema,
  wipe,
} from "@bootseed/protocol";
import { linkSync, unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { createOnce, refuseUnwritable } from "../identity/files.ts";
import { MintClient } from "../mint/client.ts";
import { typed } from "./typed.ts";

/** The stack of seeds that no program made, in the form of all stacks: `bootseed wait --stack` takes it. */
const STACK = "local/by-hand/default";
const request = z.object({
  name: z
    .string()
    .regex(/^[ -~]{1,255}$/, "expected 1 to 255 printable ASCII characters")
    .superRefine((name, context) => {
      const problem = nameProblem(name);
      if (problem !== null) context.addIssue({ code: "custom", message: `a VM's name is refused if it ${problem}` });
    }),
});

export type MintOptions = {
  readonly config: string;
  readonly name: string;
  readonly out: string;
  readonly json?: boolean;
};

/**
 * Reserves, writes the seed file beside its place, commits, then gives it its name: the file is there only if the seed
 * counts, and a seed that counts is never lost.
 * @returns text for the terminal
 */
export async function mint(options: MintOptions): Promise<string> {
  const { name } = typed(request, options, { name: { typed: `--name ${options.name}`, example: "--name web-7" } });
  const out = resolve(options.out);
  refuseUnwritable(out, "seeds are never overwritten");
  const client = new MintClient(loadConfig(options.config).listen.mint);
  const wanted = { stack: STACK, urns: [name] };
  const answer = await client.post("/v1/reservations", wanted, reservationsAnswerSchema);
  const [reservation] = answer.reservations;
  if (reservation === undefined)
    throw new HostError("unavailable", "no reservation came", "ask again", EXIT.unavailable);
  const pool = fromBase64(reservation.pool, 64);
  const claimKey = fromBase64(reservation.claimKey, 32);
  const psk0 = fromBase64(reservation.psk0, 32);
  const entry = encodeSeedEntry({
    hostId: fromHex(answer.hostId, 8),
    seedId: fromHex(reservation.seedId, 16),
    pool,
    claimKey,
    psk0,
    statement: fromBase64(answer.statement),
  });
  const file = encodeSeedFile([entry]);
  const draft = `${out}.uncommitted`;
  const made = createOnce(draft, file);
  wipe(pool, claimKey, psk0, entry, file);
  // Never taken over: it holds another seed, of a command that was killed, or one that somebody put there.
  if (!made) {
    const fix = "see that no other mint runs, remove that file, and run it again";
    throw new HostError("io", `${draft} is there already`, fix, EXIT.cantCreate);
  }
  try {
    const body = { token: reservation.token, bind: "first-claim", name };
    await client.post(`/v1/reservations/${reservation.seedId}/commit`, body, commitAnswerSchema);
    linkSync(draft, out);
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError("io", `cannot create ${out}: ${messageOf(error)}`, "choose another --out", EXIT.cantCreate);
  } finally {
    unlinkSync(draft);
  }
  if (options.json === true) {
    const { sourceClass } = answer;
    return `${JSON.stringify({ schema: 1, seedId: reservation.seedId, name, stack: STACK, sourceClass, file: out })}\n`;
  }
  return (
    `${out}: seed ${reservation.seedId} for ${name} (${answer.sourceClass}). The first claim is final: give it to one VM only.\n` +
    "It is a secret until that VM has claimed, and not yet user-data: docs/operations.md, One seed by hand.\n"
  );
}
