// What the stand-in providers share: secrets as the engine wraps them, and lines in its log.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const engine = require("@pulumi/pulumi/proto/engine_pb.js");
const { EngineClient } = require("@pulumi/pulumi/proto/engine_grpc_pb.js");

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Secrets arrive wrapped; the API must get the value alone.
 * @param {any} value
 * @returns {any}
 */
export function unwrap(value) {
  if (Array.isArray(value)) return value.map(unwrap);
  if (value === null || typeof value !== "object") return value;
  if (value[SIGNATURE] === SECRET) return unwrap(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

/**
 * Logs through the engine: what a plugin writes to stderr is not shown.
 * @param {"DEBUG" | "INFO"} severity
 * @param {string} text
 * @returns {Promise<void>} kept when the engine has it
 */
export async function log(severity, text) {
  const client = new EngineClient(process.argv.at(-1) ?? "", grpc.credentials.createInsecure());
  const request = new engine.LogRequest();
  request.setSeverity(engine.LogSeverity[severity]);
  request.setMessage(text);
  await new Promise((resolve) => client.log(request, resolve));
  client.close();
}

let labelled = false;

/**
 * Logs once per process what this is.
 * @param {string} text
 */
export function label(text) {
  if (labelled) return;
  labelled = true;
  void log("INFO", text);
}
