/** What goes wrong with a request; `drop-after` and `slow` let it take effect first. */
export type FaultEffect =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "drop-before" }
  | { readonly kind: "drop-after" }
  | { readonly kind: "slow"; readonly ms: number };

/** One `--fault`: which requests, what goes wrong, how often. */
export interface FaultRule {
  readonly text: string;
  readonly method: string;
  readonly path: RegExp;
  readonly effect: FaultEffect;
  /** how many matching requests pass before */
  readonly after: number;
  /** how many go wrong then */
  readonly times: number;
}

const RULE = /^([A-Z]+|\*) (\/\S*): (\S+(?: [\d.]+m?s)?)(?: x(\d{1,6}|\*))?(?: after (\d{1,6}))?$/;
const GRAMMAR =
  "METHOD PATH: EFFECT [xN] [after M], where PATH may hold * for one segment, EFFECT is a status from 400 to 599, drop-before, " +
  "drop-after or slow SECONDSs, N is how often (default 1, * for always) and M how many such requests pass before";

/**
 * Reads one fault.
 *
 * @throws RangeError that says the grammar
 *
 * @example parseFault("POST /v2/droplets: 429 x2") // the first two creates are answered 429
 * @example parseFault("POST /v2/droplets: drop-after") // the droplet is made, the client never hears of it
 * @example parseFault("GET /v2/droplets/*: slow 2.5s x* after 3")
 */
export function parseFault(text: string): FaultRule {
  const match = RULE.exec(text);
  const effect = match === null ? undefined : effectOf(match[3] ?? "");
  if (match === null || effect === undefined)
    throw new RangeError(`expected a fault as ${GRAMMAR}, got ${JSON.stringify(text)}`);
  const [, method = "", path = "", , times = "1", after = "0"] = match;
  return {
    text,
    method,
    path: new RegExp(`^${path.split("*").map(literal).join("[^/]+")}$`),
    effect,
    times: times === "*" ? Infinity : Number(times),
    after: Number(after),
  };
}

function effectOf(text: string): FaultEffect | undefined {
  if (/^[45]\d\d$/.test(text)) return { kind: "status", status: Number(text) };
  if (text === "drop-before" || text === "drop-after") return { kind: text };
  const slow = /^slow (\d+(?:\.\d+)?)(m?s)$/.exec(text);
  return slow === null ? undefined : { kind: "slow", ms: Number(slow[1]) * (slow[2] === "s" ? 1000 : 1) };
}

function literal(text: string): string {
  return text.replaceAll(/[^\w/-]/g, String.raw`\$&`);
}
