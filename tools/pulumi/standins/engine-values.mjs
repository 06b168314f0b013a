// What the stand-in providers share: secrets as the engine wraps them, and their label in its log.
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

let labelled = false;

/**
 * Says once per process through the engine's own log what this is: what a plugin writes to stderr is not shown.
 * @param {string} text
 */
export function label(text) {
  if (labelled) return;
  labelled = true;
  const client = new EngineClient(process.argv.at(-1) ?? "", grpc.credentials.createInsecure());
  const request = new engine.LogRequest();
  request.setSeverity(engine.LogSeverity.INFO);
  request.setMessage(text);
  client.log(request, () => client.close());
}
