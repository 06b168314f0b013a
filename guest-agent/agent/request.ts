/** One request to a host: TLS 1.3, the certificate compared with the statement's pins, one address after the other. */
import {
  BootseedError,
  encodeStatementsRequest,
  equalConstantTime,
  followStatements,
  parseStatementsAnswer,
  type Statement,
} from "@bootseed/protocol";
import { messageOf, Refusal, refusalCode } from "./refusal.ts";
import type { Answer, Connection, World } from "./world.ts";

/** Whose statement says where to go: a host's folder, or a join token. */
export interface StatementSource {
  readonly hostId: Uint8Array;
  statement(): Statement;
  keepStatement(statement: Statement): void;
  /** In place of the statement's own. */
  addresses?(): readonly string[];
}

/** A newer statement was kept: whatever was to be sent has to be made anew. */
export class Followed extends Error {}

/**
 * @param body gets the pin of the server that will have it
 * @param mayFollow whether a server with another certificate may be asked for newer statements
 * @returns the first answer
 * @throws Followed; the last refusal, else BootseedError "unreachable", when no address answers
 */
export async function request(
  world: World,
  source: StatementSource,
  path: string,
  body: (pin: Uint8Array) => Uint8Array,
  mayFollow: boolean,
): Promise<Answer> {
  const statement = source.statement();
  const addresses = source.addresses?.() ?? statement.addresses;
  let refused: unknown = null;
  for (const address of addresses) {
    try {
      const connection = await world.network.connect(address);
      try {
        if (statement.pins.some((pin) => equalConstantTime(pin, connection.pin))) {
          const answer = await connection.post(path, body(connection.pin));
          world.say(`${address} ${path} ${answer.status}`);
          return answer;
        }
        if (mayFollow) await follow(source, statement, connection);
        throw new Refusal("pin", "its certificate is not one that the statement names: nothing was sent");
      } finally {
        connection.close();
      }
    } catch (error) {
      if (error instanceof Followed) throw error;
      if (refusalCode(error) !== null) refused = error;
      world.say(`${address} ${path}: ${messageOf(error)}`);
    }
  }
  if (refused !== null) throw refused;
  throw new BootseedError("unreachable", `no address of the host answers: ${addresses.join(", ")}`);
}

/**
 * Asks a server that proved nothing for statements: the root's signature on what comes is the proof.
 * @throws Followed when there was a newer one, now kept; BootseedError for what is refused
 */
async function follow(source: StatementSource, known: Statement, connection: Connection): Promise<void> {
  const asked = encodeStatementsRequest({ hostId: source.hostId, serial: known.serial });
  const { status, body } = await connection.post("/v1/statements", asked);
  if (status !== 200) return;
  const newest = followStatements(known, parseStatementsAnswer(body));
  if (newest === known) return;
  source.keepStatement(newest);
  throw new Followed(`statement ${newest.serial}`);
}
