/**
 * Patterns over names made of segments, for stacks (`org/project/stack`) and for the subjects of OIDC tokens
 * (`repo:org/name:ref:refs/heads/main`). `*` is one whole segment, `**` any number of them: `acme*` is refused, because
 * it would also be the stranger who calls himself `acme-evil`.
 */

/** Characters between segments; a pattern's own must be the name's. */
const SEPARATOR = /[/:]/;
const MAX_PATTERN_CHARS = 256;
/** Each one may be anything: more of them make a match slow, and nobody needs them. */
const MAX_DEEP = 3;
/** org/project/stack */
const STACK_NAMES = 3;

/** @returns why a pattern is refused, or null */
export function globProblem(pattern: string): string | null {
  if (pattern === "" || pattern.length > MAX_PATTERN_CHARS) return `expected 1 to ${MAX_PATTERN_CHARS} characters`;
  if (!/^[\u0021-\u007e]+$/.test(pattern)) return "expected printable ASCII without spaces";
  const segments = pattern.split(SEPARATOR);
  if (segments.some((one) => one.includes("*") && one !== "*" && one !== "**"))
    return "a * stands for a whole segment: acme/*/prod, acme/**";
  if (segments.some((one) => one === "")) return "expected no empty segment";
  return segments.filter((one) => one === "**").length > MAX_DEEP ? `expected at most ${MAX_DEEP} times **` : null;
}

/** A stack is three names. @returns why a pattern over stacks is refused, or null */
export function stackGlobProblem(pattern: string): string | null {
  const problem = globProblem(pattern);
  if (problem !== null) return problem;
  const names = pattern.split("/").length;
  // Whatever is beside it: ** goes over slashes.
  const grows = pattern.split(SEPARATOR).includes("**");
  if (names === STACK_NAMES || (names < STACK_NAMES && grows)) return null;
  return "that is no stack's name: expected ORG/PROJECT/STACK, such as acme/web/prod, acme/*/prod, acme/** or **";
}

/**
 * @param pattern one without a {@link globProblem}
 * @example globMatches("acme/**", "acme/web/prod") // true
 */
export function globMatches(pattern: string, name: string): boolean {
  if (pattern === "**") return true;
  const source = pattern
    .split(/([/:])/)
    .map((part) =>
      part === "**" ? ".+" : part === "*" ? "[^/:]+" : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
    )
    .join("");
  return new RegExp(`^${source}$`).test(name);
}
