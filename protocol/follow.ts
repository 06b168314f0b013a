/**
 * How a guest goes from one statement to a later one: the serial rises, and the root is the one it knows or the one that
 * the known statement announced as `next`. Hosts send what a guest slept through, in order.
 */
import { equalConstantTime } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { parseStatement, type RootKey, type Statement, verifyStatement } from "./statement.ts";
import { MAX_STATEMENTS } from "./transport.ts";

/** Same algorithm and same key. */
export function sameRoot(a: RootKey, b: RootKey): boolean {
  return a.rootAlg === b.rootAlg && equalConstantTime(a.rootPk, b.rootPk);
}

/**
 * Follows a list of statements, oldest first. All or nothing: one that is refused refuses the list.
 *
 * @returns the newest; `known` itself for an empty list
 * @throws BootseedError those of `parseStatement`; "mismatch" (another host, a serial that does not rise, a root that
 * nobody announced), "bad-signature"
 */
export function followStatements(known: Statement, messages: readonly Uint8Array[]): Statement {
  let newest = known;
  for (const message of messages) {
    const statement = parseStatement(message);
    if (!equalConstantTime(statement.hostId, newest.hostId) || statement.serial <= newest.serial)
      throw new BootseedError(
        "mismatch",
        `statement ${statement.serial}: expected one of the same host after ${newest.serial}`,
      );
    if (newest.next !== undefined && sameRoot(statement, newest.next)) verifyStatement(statement, newest.next);
    else verifyStatement(statement, newest);
    newest = statement;
  }
  return newest;
}

/**
 * What a guest needs that knows nothing newer than `serial`: for every root change since, the last statement of the old
 * root that announces the new one; then the newest. At most as many as an answer holds: whoever slept through more has
 * the rest with the next.
 *
 * @param history - every statement of one host, ascending by serial
 */
export function chainSince(history: readonly Statement[], serial: number): Statement[] {
  const newest = history.at(-1);
  const changes = history.flatMap((statement, i) => {
    const follower = history[i + 1];
    return follower !== undefined && !sameRoot(statement, follower) ? [statement] : [];
  });
  return [...changes, ...(newest === undefined ? [] : [newest])]
    .filter((statement) => statement.serial > serial)
    .slice(0, MAX_STATEMENTS);
}
