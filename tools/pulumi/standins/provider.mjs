// Stand-in for pulumi-resource-digitalocean, for machines that have no official provider: droplets,
// and with network.mjs VPCs, firewalls and reserved addresses.
//
// It makes the calls that were recorded from the official provider (4.76.0): POST, wait, GET until active and
// unlocked (a 404 is asked again); delete = wait, GET until unlocked, DELETE, wait, GET until 404; tags by /v2/tags; what fails in passing is sent again
// (retries.mjs), and each create is logged with its user-data (create-log.mjs). Its state has the official shape: `outputs.userData` is the SHA-1.
// What it cannot do (backups, snapshots, …) it refuses. The waits are shorter and can be set:
//   BOOTSEED_STANDIN_FIRST_POLL_MS (500), BOOTSEED_STANDIN_POLL_MS (500), BOOTSEED_STANDIN_DEADLINE_MS (600000)
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { createConfiguration } from "./create-log.mjs";
import { label, log, unwrap } from "./engine-values.mjs";
import { changeInPlace } from "./in-place.mjs";
import { networkResources } from "./network.mjs";
import { withRetries } from "./retries.mjs";

const require = createRequire(import.meta.url);
const { main } = require("@pulumi/pulumi/provider");
const { version } = require("@pulumi/digitalocean/package.json");
const { ReadRequest } = require("@pulumi/pulumi/proto/provider_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

const API = process.env["DIGITALOCEAN_API_URL"] ?? "";
const TOKEN = process.env["DIGITALOCEAN_TOKEN"] ?? "";
const FIRST_POLL_MS = Number(process.env["BOOTSEED_STANDIN_FIRST_POLL_MS"] ?? 500);
const POLL_MS = Number(process.env["BOOTSEED_STANDIN_POLL_MS"] ?? 500);
const DEADLINE_MS = Number(process.env["BOOTSEED_STANDIN_DEADLINE_MS"] ?? 600_000);
/** So often the official provider asks for a droplet that it has just created and that the API does not know. */
const NOT_FOUND_CHECKS = 120;

// An import reads without properties, which the SDK's server (3.270) does not expect.
const getProperties = Reflect.get(ReadRequest.prototype, "getProperties");
ReadRequest.prototype.getProperties = function () {
  return Reflect.apply(getProperties, this, []) ?? new Struct();
};

/** Inputs whose change needs a new droplet, and inputs that the official provider can change in place and we cannot. */
const FORCES_NEW = ["image", "region", "userData", "vpcUuid", "sshKeys", "ipv6"];
const IN_PLACE = ["name", "size", "tags"];
const NOT_HERE = ["backups", "monitoring"];

/** @typedef {Record<string, any>} Props */

/** @param {string} text */
const sha1 = (text) => createHash("sha1").update(text).digest("hex");

/**
 * One API call; null when the answer is 404.
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function api(method, path, body) {
  const request = {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const response = await withRetries(() => fetch(API + path, request)).catch((/** @type {Error} */ error) => {
    throw new Error(
      `${method} ${API}${path}: ${error.message} (${error.cause instanceof Error ? error.cause.message : "no cause"})`,
    );
  });
  if (response.status === 404) return null;
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${API}${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/**
 * Asks until something is reached.
 * @param {string} path
 * @param {(answer: any) => boolean} reached
 */
async function until(path, reached) {
  const end = Date.now() + DEADLINE_MS;
  await sleep(FIRST_POLL_MS);
  for (;;) {
    const answer = await api("GET", path);
    if (answer === null) throw new Error(`${path} is gone`);
    if (reached(answer)) return answer;
    if (Date.now() > end) throw new Error(`${path} is still not as wanted after ${DEADLINE_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}

/**
 * Wait until the droplet is active and unlocked. A new droplet may not be known yet: a 404 is asked again.
 * @param {string} id
 * @param {boolean} [isNew]
 */
async function untilActive(id, isNew = false) {
  let missing = 0;
  const end = Date.now() + DEADLINE_MS;
  await sleep(FIRST_POLL_MS);
  for (;;) {
    const answer = await api("GET", `/v2/droplets/${id}`);
    if (answer === null) {
      if (!isNew || ++missing > NOT_FOUND_CHECKS) throw new Error(`droplet ${id} is gone before it became active`);
      await sleep(POLL_MS);
      continue;
    }
    const { status, locked } = answer.droplet;
    if (status === "active" && !locked) return answer.droplet;
    if (status === "errored" || status === "archive") throw new Error(`droplet ${id} became "${status}"`);
    if (Date.now() > end) throw new Error(`droplet ${id} is still "${status}" after ${DEADLINE_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}

/**
 * Before a delete, in the official provider's words.
 * @param {string} id
 */
async function untilUnlocked(id) {
  const failed = `Error waiting for droplet to be unlocked for destroy (${id})`;
  const end = Date.now() + DEADLINE_MS;
  await sleep(FIRST_POLL_MS);
  for (;;) {
    const answer = await api("GET", `/v2/droplets/${id}`);
    if (answer === null)
      throw new Error(`${failed}: unexpected state 'Not Found', wanted target 'false'. last error: %!s(<nil>)`);
    if (!answer.droplet.locked) return;
    if (Date.now() > end) throw new Error(`${failed}: timeout while waiting for state to become 'false'`);
    await sleep(POLL_MS);
  }
}

/**
 * The state of a droplet as the official provider writes it. No value may be undefined: the engine would refuse the
 * answer after the droplet exists.
 * @param {Props} inputs
 * @param {any} droplet
 */
function outputsOf(inputs, droplet) {
  const v4 = droplet.networks?.v4 ?? [];
  const address = (/** @type {string} */ type) => v4.find((/** @type {any} */ n) => n.type === type)?.ip_address ?? "";
  const { __defaults: _defaults, userData, ...rest } = inputs;
  return {
    ...rest,
    ...(userData === undefined ? {} : { userData: sha1(userData) }),
    dropletUrn: `do:droplet:${droplet.id}`,
    ipv4Address: address("public"),
    ipv4AddressPrivate: address("private"),
    ipv6Address: droplet.networks?.v6?.[0]?.ip_address ?? "",
    status: droplet.status,
    locked: Boolean(droplet.locked),
    createdAt: droplet.created_at ?? "",
  };
}

const network = networkResources(api, unwrap, POLL_MS);

const provider = {
  version,
  schema: JSON.stringify({ name: "digitalocean", version, resources: {} }),

  async check(/** @type {string} */ urn, /** @type {Props} */ olds, /** @type {Props} */ news) {
    label(`provider: bootseed's stand-in for droplets at ${API}, not the official digitalocean provider`);
    const other = network(urn);
    if (other !== undefined) return other.check(olds, news);
    if (urn.includes("digitalocean:index/dropletAutoscale:DropletAutoscale")) return { inputs: news, failures: [] };
    if (!urn.includes("digitalocean:index/droplet:Droplet")) {
      return {
        inputs: news,
        failures: [{ property: "type", reason: "the stand-in provider does not know this type" }],
      };
    }
    if (news["name"] !== undefined) return { inputs: news, failures: [] };
    const logical = urn.slice(urn.lastIndexOf("::") + 2);
    const name = olds?.["name"] ?? `${logical}-${randomBytes(4).toString("hex").slice(0, 7)}`;
    return { inputs: { ...news, name, __defaults: ["name"] }, failures: [] };
  },

  async diff(_id, /** @type {string} */ urn, /** @type {Props} */ olds, /** @type {Props} */ news) {
    const other = network(urn);
    if (other !== undefined) return other.diff(olds, news);
    const [before, after] = [unwrap(olds), unwrap(news)];
    if (typeof after.userData === "string") after.userData = sha1(after.userData);
    const keys = [...FORCES_NEW, ...IN_PLACE, ...NOT_HERE];
    const changed = keys.filter((k) => JSON.stringify(before[k]) !== JSON.stringify(after[k]));
    return {
      changes: changed.length > 0,
      replaces: changed.filter((key) => FORCES_NEW.includes(key)),
      deleteBeforeReplace: !(news["__defaults"] ?? []).includes("name"),
    };
  },

  async create(/** @type {string} */ urn, /** @type {Props} */ inputs) {
    const other = network(urn);
    if (other !== undefined) return other.create(inputs);
    if (!urn.includes("digitalocean:index/droplet:Droplet"))
      throw new Error("the stand-in provider makes droplets only");
    const i = unwrap(inputs);
    await log("DEBUG", createConfiguration(i));
    const answer = await api("POST", "/v2/droplets", {
      name: i.name,
      region: i.region,
      size: i.size,
      image: i.image,
      ssh_keys: i.sshKeys ?? null,
      backups: i.backups ?? false,
      ipv6: i.ipv6 ?? false,
      private_networking: false,
      monitoring: i.monitoring ?? false,
      ...(i.userData === undefined ? {} : { user_data: i.userData }),
      ...(i.tags === undefined ? {} : { tags: i.tags }),
      ...(i.vpcUuid === undefined ? {} : { vpc_uuid: i.vpcUuid }),
    });
    if (answer === null) throw new Error(`POST ${API}/v2/droplets: 404`);
    const id = String(answer.droplet.id);
    try {
      return { id, outs: outputsOf(i, await untilActive(id, true)) };
    } catch (error) {
      // With an id the engine records the half-made droplet, so that it can be deleted.
      const message = error instanceof Error ? error.message : String(error);
      throw Object.assign(new Error(message), { id, properties: outputsOf(i, answer.droplet), reasons: [message] });
    }
  },

  async read(/** @type {string} */ id, /** @type {string} */ urn, /** @type {Props} */ props) {
    const other = network(urn);
    if (other !== undefined) return other.read(id, props);
    const answer = await api("GET", `/v2/droplets/${id}`);
    if (answer === null) return {};
    const { userData: _hash, ...rest } = outputsOf({}, answer.droplet);
    if (Object.keys(props).length > 0) return { id, props: { ...props, ...rest } };
    // An import: what the API shows; user-data is not among it.
    const { name, region, size_slug: size, image, tags } = answer.droplet;
    const inputs = { name, region: region.slug, size, image: image.slug, ...(tags.length > 0 ? { tags } : {}) };
    return { id, props: { ...inputs, ...rest }, inputs };
  },

  async update(
    /** @type {string} */ id,
    /** @type {string} */ urn,
    /** @type {Props} */ olds,
    /** @type {Props} */ news,
  ) {
    const other = network(urn);
    if (other !== undefined) return other.update(id, olds, news);
    const [before, after] = [unwrap(olds), unwrap(news)];
    const refused = NOT_HERE.filter((k) => JSON.stringify(before[k]) !== JSON.stringify(after[k]));
    if (refused.length > 0) {
      throw new Error(`the stand-in provider cannot change ${refused.join(", ")}: install the official provider`);
    }
    await changeInPlace({ api, until, id }, before, after);
    return { outs: outputsOf(after, await untilActive(id)) };
  },

  async delete(/** @type {string} */ id, /** @type {string} */ urn, /** @type {Props} */ props) {
    const other = network(urn);
    if (other !== undefined) {
      await other.delete(id, props);
      return;
    }
    const end = Date.now() + DEADLINE_MS;
    await untilUnlocked(id);
    await api("DELETE", `/v2/droplets/${id}`);
    await sleep(FIRST_POLL_MS);
    while ((await api("GET", `/v2/droplets/${id}`)) !== null) {
      if (Date.now() > end) throw new Error(`droplet ${id} is still there after ${DEADLINE_MS / 1000} s`);
      await sleep(POLL_MS);
    }
  },
};

if (API === "") throw new Error("DIGITALOCEAN_API_URL is not set: the stand-in provider never guesses an endpoint");
if (!["127.0.0.1", "[::1]", "localhost"].includes(new URL(API).hostname)) {
  throw new Error(`the stand-in provider talks to loopback only, not to ${new URL(API).hostname}`);
}
await main(provider, process.argv.slice(2));
