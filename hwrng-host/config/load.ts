/** Reads the config file; every complaint names file and line. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit, type Document } from "yaml";
import type { z } from "zod";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";
import { RESTORE_OR_INIT } from "../identity/lost.ts";
import { nearest } from "./nearest.ts";
import { type Config, configSchema, knownKeys } from "./schema.ts";

/** Where every command looks without `--config`. */
export const DEFAULT_CONFIG = "/etc/bootseed/host.yaml";

const FIX = "correct the config file, then start again";

/**
 * @param file path of the config; relative paths in it start at its folder
 * @throws HostError "bad-config", exit 78, with one `file:line: …` for each complaint
 */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const fixes: Readonly<Record<string, string>> = {
      ENOENT: `name another with \`--config\`; ${RESTORE_OR_INIT}`,
      EACCES: `let this user read it, it holds no secret: chgrp bootseed-mint ${file} && chmod 640 ${file}`,
    };
    const fix = fixes[errnoOf(cause)] ?? "name a file with `--config`";
    throw new HostError("bad-config", `cannot read the config: ${messageOf(cause)}`, fix, EXIT.config, { cause });
  }
  const config = parseConfig(text, file);
  const base = dirname(resolve(file));
  return {
    ...config,
    stateDir: resolve(base, config.stateDir),
    listen: { ...config.listen, mint: resolve(base, config.listen.mint) },
    ...(config.oidc === undefined
      ? {}
      : { oidc: config.oidc.map((each) => (each.ca === undefined ? each : { ...each, ca: resolve(base, each.ca) })) }),
  };
}

/** The pure part of {@link loadConfig}. @param file only for messages */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const syntax = doc.errors.map((error) => `${file}:${error.linePos?.[0].line ?? 1}: ${firstLine(error.message)}`);
  if (syntax.length > 0) throw new HostError("bad-config", syntax.join("\n"), FIX, EXIT.config);
  visit(doc, {
    Alias(_, node) {
      const line = lines.linePos(node.range?.[0] ?? 0).line;
      throw new HostError("bad-config", `${file}:${line}: aliases are not used here: write it out`, FIX, EXIT.config);
    },
  });
  const plain: unknown = doc.toJS();
  const result = configSchema.safeParse(plain ?? {});
  if (result.success) return result.data;
  const complaints = result.error.issues.flatMap((issue) => complain(issue, doc, lines));
  const unique = [...new Set(complaints.map(({ line, message }) => `${file}:${line}: ${message}`))];
  throw new HostError("bad-config", unique.join("\n"), FIX, EXIT.config);
}

type Complaint = { line: number; message: string };

function complain(issue: z.core.$ZodIssue, doc: Document, lines: LineCounter): Complaint[] {
  if (issue.code === "unrecognized_keys") return unknownKeys(issue.path, issue.keys, doc, lines);
  // A list entry whose driver is missing or wrong is checked no further: its typos are named here.
  if (issue.code === "invalid_union") {
    const entry = issue.path.slice(0, 2);
    const map = doc.getIn(entry, true);
    const keys = isMap(map) ? map.items.map(({ key }) => (isScalar(key) ? String(key.value) : "")) : [];
    const typos = unknownKeys(
      entry,
      keys.filter((key) => !knownKeys(entry).includes(key)),
      doc,
      lines,
    );
    if (typos.length > 0) return typos;
  }
  const name = dotted(issue.path);
  const missing = issue.code === "invalid_type" && doc.getIn(issue.path) === undefined;
  const message = `${name.replace(/^\./, "") || "config"}: ${missing ? "is required" : issue.message}`;
  return [{ line: valueLine(doc, lines, issue.path), message }];
}

const dotted = (path: readonly PropertyKey[]): string =>
  path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");

function unknownKeys(
  at: readonly PropertyKey[],
  keys: readonly string[],
  doc: Document,
  lines: LineCounter,
): Complaint[] {
  const known = knownKeys(at, doc.getIn([...at, "driver"]));
  return keys.map((key) => {
    const name = `${dotted(at)}.${key}`.replace(/^\./, "");
    const meant = nearest(key, known);
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    return {
      line: keyLine(doc, lines, at, key),
      message: `unknown key "${name}"${hint}; known here: ${known.join(", ")}`,
    };
  });
}

/** Line of a value, or of the nearest thing around it that is written in the file. */
function valueLine(doc: Document, lines: LineCounter, at: readonly PropertyKey[]): number {
  for (let depth = at.length; depth > 0; depth--) {
    const node = doc.getIn(at.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function keyLine(doc: Document, lines: LineCounter, at: readonly PropertyKey[], key: string): number {
  const map = at.length === 0 ? doc.contents : doc.getIn(at, true);
  if (!isMap(map)) return 1;
  const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
  return isScalar(pair?.key) && pair.key.range ? lines.linePos(pair.key.range[0]).line : 1;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? text).replace(/ at line \d+, column \d+:?$/, "");
}
