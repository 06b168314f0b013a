// Stand-in for pulumi-resource-command, for machines that cannot get the official one: `remote.Command` only.
//
// It runs the system's ssh. What the official provider (1.2) does with `hostKey` is done with ssh's own means: one key
// in a known_hosts file, StrictHostKeyChecking=yes. The official one sets HostKeyAlgorithms to the type of the given key
// (provider/pkg/provider/remote/connection.go), and so does this one. Ed25519 and ECDSA keys work; an RSA key never does:
// `ssh-rsa`, a signature with SHA-1, is all that is asked for, and no server of today offers it.
// Without `hostKey` the official provider talks to whoever answers. This one refuses.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { label, unwrap } from "./engine-values.mjs";

const require = createRequire(import.meta.url);
const { main } = require("@pulumi/pulumi/provider");

/** @typedef {Record<string, any>} Props */

const VERSION = "1.2.1";
const CONNECTION = ["host", "port", "user", "privateKey", "hostKey", "dialErrorLimit", "perDialTimeout"];
const KNOWN = ["connection", "create", "update", "delete", "stdin", "triggers"];
/** What ssh ends with when it, not the command, failed. */
const SSH_FAILED = 255;

/** @param {string} folder @param {Props} connection @returns {string[]} arguments of ssh */
function sshArguments(folder, { host, port = 22, user = "root", privateKey, hostKey, perDialTimeout = 15 }) {
  const [identity, knownHosts] = [join(folder, "identity"), join(folder, "known_hosts")];
  writeFileSync(identity, `${privateKey.trim()}\n`, { mode: 0o600 });
  writeFileSync(knownHosts, `expected ${hostKey.trim()}\n`, { mode: 0o600 });
  const options = {
    BatchMode: "yes",
    ConnectTimeout: perDialTimeout,
    GlobalKnownHostsFile: "none",
    HostKeyAlgorithms: hostKey.trim().split(/\s+/)[0],
    HostKeyAlias: "expected",
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    LogLevel: "INFO", // with ERROR it does not print why a negotiation failed
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    UserKnownHostsFile: knownHosts,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return ["-F", "none", ...flags, "-i", identity, "-p", String(port), "-l", user, "--", host];
}

/** @param {string[]} args @param {string} stdin @returns {Promise<{code: number | null, stdout: string, stderr: string}>} */
function ssh(args, stdin) {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env["PATH"] } });
    const texts = { stdout: "", stderr: "" };
    for (const stream of /** @type {const} */ (["stdout", "stderr"]))
      child[stream].on("data", (/** @type {Buffer} */ chunk) => (texts[stream] += chunk.toString()));
    child.stdin.on("error", () => undefined); // it ended before it read all
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...texts }));
    child.stdin.end(stdin);
  });
}

/** @param {Props} inputs @param {string | undefined} command @returns {Promise<Props>} the outputs */
async function run(inputs, command) {
  const { connection, stdin = "" } = inputs;
  if (command === undefined) return { ...inputs, stdout: "", stderr: "" };
  const folder = mkdtempSync(join(tmpdir(), "command-stand-in-"));
  try {
    const args = [...sshArguments(folder, connection), command];
    for (let dial = 0; ; dial++) {
      const { code, stdout, stderr } = await ssh(args, stdin);
      if (code === 0) return { ...inputs, stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
      const tries = connection.dialErrorLimit ?? 10;
      // Another host key, or none of its type, does not pass. (The official provider dials again, and then gives up.)
      const lasting = /Host key verification failed|no matching host key type found/;
      const passing = code === SSH_FAILED && !lasting.test(stderr);
      if (!passing || (tries !== -1 && dial >= tries)) throw new Error(`ssh ended with ${code}: ${stderr.trim()}`);
      await sleep(Math.min(100 * 1.5 ** dial, 5000));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Props} inputs @returns {{property: string, reason: string}[]} */
function complaints(inputs) {
  // In preview a connection with something unknown in it may arrive as the engine's mark for unknown, which is a string.
  const connection = typeof inputs.connection === "string" ? undefined : (inputs.connection ?? {});
  const unknown = [
    ...Object.keys(inputs).filter((key) => !KNOWN.includes(key) && !key.startsWith("__")),
    ...Object.keys(connection ?? {}).filter((key) => !CONNECTION.includes(key) && !key.startsWith("__")),
  ];
  const missing = ["host", "hostKey", "privateKey"].filter(
    (key) => connection !== undefined && connection[key] === undefined,
  );
  return [
    ...unknown.map((property) => ({
      property,
      reason: "the stand-in does not do this: install the official provider",
    })),
    ...missing.map((property) => ({ property, reason: "the stand-in goes nowhere without it" })),
  ];
}

const provider = {
  version: VERSION,
  schema: JSON.stringify({ name: "command", version: VERSION, resources: {} }),

  async check(/** @type {string} */ urn, /** @type {Props} */ _olds, /** @type {Props} */ news) {
    label("provider: bootseed's stand-in for remote.Command over the system's ssh, not the official one");
    if (!urn.includes("command:remote:Command::"))
      return { inputs: news, failures: [{ property: "type", reason: "the stand-in knows remote.Command only" }] };
    return { inputs: news, failures: complaints(unwrap(news)) };
  },

  async diff(_id, _urn, /** @type {Props} */ olds, /** @type {Props} */ news) {
    const [before, after] = [unwrap(olds), unwrap(news)];
    const changed = KNOWN.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
    return { changes: changed.length > 0, replaces: changed.filter((key) => key === "triggers") };
  },

  async create(_urn, /** @type {Props} */ inputs) {
    const plain = unwrap(inputs);
    return { id: `app-${randomBytes(4).toString("hex")}`, outs: await run(plain, plain.create) };
  },

  async update(_id, _urn, _olds, /** @type {Props} */ news) {
    const plain = unwrap(news);
    return { outs: await run(plain, plain.update ?? plain.create) };
  },

  async delete(_id, _urn, /** @type {Props} */ props) {
    const plain = unwrap(props);
    await run(plain, plain.delete);
  },
};

await main(provider, process.argv.slice(2));
