/** `join`: enrols this machine by a token, then reports its SSH host keys. */
import { BootseedError, isAddressLike, toHex } from "@bootseed/protocol";
import { EXIT } from "../exit.ts";
import { join, type Joined, readToken } from "../join.ts";
import { HostFolder } from "../host-folder.ts";
import { type Machine, STATE_DIR } from "../machine.ts";
import { newHostKeys } from "../new-host-keys.ts";
import { nextSteps } from "../next-steps.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { messageOf, Refusal } from "../refusal.ts";
import { sendReport } from "../report.ts";
import { systemdServices } from "../services.ts";
import type { Context } from "./context.ts";

/** What a join can carry (protocol/join.ts). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;
const isName = (text: string): boolean => NAME.test(text) && !isAddressLike(text);

/** The host name as far as a join can carry it; empty where it cannot: the token's only name is asked for. */
function ownName(machine: Machine): string {
  const name = machine
    .hostname()
    .replaceAll(/[^A-Za-z0-9.-]/g, "-")
    .slice(0, 63);
  return isName(name) ? name : "";
}

/** @throws BootseedError "usage" */
function typedName(text: string): string {
  if (isName(text)) return text;
  const expected = "expected --name with 1 to 63 letters, digits, dots and dashes, and no IP address";
  throw new BootseedError("usage", `join: ${expected}, got ${JSON.stringify(text)}`);
}

/** A refusal stays one, however often the same is asked. */
const advice = (error: unknown): string =>
  error instanceof Refusal && error.code === "http-403" ? "ask the host's operator" : "type the same again";

export async function joinVerb(context: Context, args: string[]): Promise<number> {
  const { world, machine } = context;
  const options = { "token-file": "string", name: "string", address: "string", "new-host-keys": "boolean" } as const;
  const values = parseOptions(args, options);
  const tokenFile = values["token-file"];
  if (tokenFile === undefined) throw new BootseedError("usage", "join: expected --token-file F, from bootseed-host");
  const name = values.name === undefined ? ownName(machine) : typedName(values.name);
  const token = readToken(tokenFile);
  const unlock = context.lock();
  try {
    const before = machine.hostKeys().length;
    const known = new HostFolder(world, `${STATE_DIR}/${toHex(token.hostId)}`);
    const how = { name, orTokensName: values.name === undefined, address: values.address };
    let joined = await join(world, machine, { ...how, token });
    const aside = values["new-host-keys"] === true ? newHostKeys(machine, world.nowMs()) : null;
    // At least one, whatever there is: that no key came before the seed is for the kit's first boot to say.
    const report = async ({ rcMix, rcReseed }: Joined): Promise<unknown> => {
      const facts = { hostKeysBefore: Math.max(1, before), rcMix, rcReseed };
      return sendReport(world, machine, known, facts, values.address).then(
        () => null,
        (error: unknown) => error,
      );
    };
    let failure = await report(joined);
    // The host has ended this machine's enrolment: the token makes another one.
    if (joined.already && failure instanceof Refusal && failure.code === "http-403") {
      world.say("the host refuses this machine's enrolment, as after a revocation: joining again with the token");
      joined = await join(world, machine, { ...how, token: readToken(tokenFile), again: true });
      failure = await report(joined);
    }
    const refused = failure === null ? null : messageOf(failure);
    const { hostId, seedId, already } = joined;
    const reported = refused === null;
    const done = { madeKeys: aside !== null, reported, tokenFile, nowMs: world.nowMs() };
    const next = nextSteps(machine, systemdServices(machine.root), done);
    if (context.json) printJson({ hostId, seedId, already, reported, hostKeysAside: aside, next });
    else {
      const what = already ? "was enrolled before: the token was not used" : "is enrolled";
      printLines([
        `this machine ${what}: host ${hostId}, VM ${seedId}`,
        ...(aside === null ? [] : [`new SSH host keys; undo: mv ${aside}/* /etc/ssh/, then restart sshd`]),
        refused === null ? "the host has its SSH host keys" : `no report: ${refused}: ${advice(failure)}`,
        ...(next.length === 0 ? [] : ["next:", ...next.map((step) => `  ${step}`)]),
      ]);
    }
    return refused === null ? EXIT.ok : EXIT.tryAgain;
  } finally {
    unlock();
  }
}
