// What the stand-in provider knows beside droplets: VPCs, firewalls and reserved addresses. The calls and their order
// are read from terraform-provider-digitalocean (resource_vpc.go, resource_firewall.go, resource_reserved_ip.go), which
// the official plugin is made from; its waits are shorter here. What it cannot change in place it refuses.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {Record<string, any>} Props */
/** @typedef {(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown) => Promise<any>} Api null for 404 */
/**
 * @typedef {object} Kind
 * @property {string[]} keys inputs that are compared
 * @property {string[]} forcesNew those of them whose change needs a new resource
 * @property {boolean} autoNamed
 * @property {(inputs: Props) => Promise<string>} create its id
 * @property {(id: string) => Promise<Props | null>} read the outputs beside the inputs, null when it is gone
 * @property {(id: string, before: Props, after: Props) => Promise<void>} update
 * @property {(id: string, state: Props) => Promise<void>} remove
 */

/** camelCase of a rule to the API's fields. @param {"source" | "destination"} side @param {Props[] | undefined} rules */
const rulesOf = (side, rules = []) =>
  rules.map((rule) => ({
    protocol: rule["protocol"],
    ...(rule["portRange"] === undefined ? {} : { ports: rule["portRange"] }),
    [`${side}s`]: {
      addresses: rule[`${side}Addresses`] ?? [],
      droplet_ids: rule[`${side}DropletIds`] ?? [],
      load_balancer_uids: rule[`${side}LoadBalancerUids`] ?? [],
      kubernetes_ids: rule[`${side}KubernetesIds`] ?? [],
      tags: rule[`${side}Tags`] ?? [],
    },
  }));

/** @param {Props} inputs */
const firewallBody = (inputs) => ({
  name: inputs["name"],
  droplet_ids: inputs["dropletIds"] ?? [],
  inbound_rules: rulesOf("source", inputs["inboundRules"]),
  outbound_rules: rulesOf("destination", inputs["outboundRules"]),
  tags: inputs["tags"] ?? [],
});

/** @param {Api} api @param {number} pollMs @returns {Record<string, Kind>} */
function kinds(api, pollMs) {
  /** @param {string} ip @param {Props} action */
  const act = async (ip, action) => {
    const { id } = (await api("POST", `/v2/reserved_ips/${ip}/actions`, action)).action;
    do await sleep(pollMs);
    while ((await api("GET", `/v2/reserved_ips/${ip}/actions/${id}`)).action.status !== "completed");
  };
  /** @param {string} ip @param {number} dropletId */
  const assign = async (ip, dropletId) => {
    const busy = async () => {
      const { actions } = await api("GET", `/v2/droplets/${dropletId}/actions?page=1&per_page=50`);
      return actions.some((/** @type {Props} */ { status }) => status === "in-progress");
    };
    while (await busy()) await sleep(pollMs);
    await act(ip, { type: "assign", droplet_id: dropletId });
  };
  return {
    "digitalocean:index/vpc:Vpc": {
      keys: ["name", "region", "description", "ipRange"],
      forcesNew: ["region", "ipRange"],
      autoNamed: true,
      create: async ({ name, region, description, ipRange }) =>
        (await api("POST", "/v2/vpcs", { name, region, description, ip_range: ipRange })).vpc.id,
      read: async (id) => {
        const vpc = (await api("GET", `/v2/vpcs/${id}`))?.vpc;
        if (vpc === undefined) return null;
        return { ipRange: vpc.ip_range, vpcUrn: vpc.urn, default: vpc.default, createdAt: vpc.created_at };
      },
      update: async (id, _before, { name, description }) =>
        void (await api("PUT", `/v2/vpcs/${id}`, { name, description: description ?? "", default: false })),
      // Asked again while there are members: for at most as long as the official provider would, 2 min.
      remove: async (id) => {
        for (const end = Date.now() + 120_000; ; await sleep(pollMs)) {
          try {
            return void (await api("DELETE", `/v2/vpcs/${id}`));
          } catch (error) {
            if (!(error instanceof Error && / 403 /.test(error.message)) || Date.now() > end) throw error;
          }
        }
      },
    },
    "digitalocean:index/firewall:Firewall": {
      keys: ["name", "dropletIds", "inboundRules", "outboundRules", "tags"],
      forcesNew: [],
      autoNamed: true,
      create: async (inputs) => (await api("POST", "/v2/firewalls", firewallBody(inputs))).firewall.id,
      read: async (id) => {
        const firewall = (await api("GET", `/v2/firewalls/${id}`))?.firewall;
        if (firewall === undefined) return null;
        return { status: firewall.status, createdAt: firewall.created_at, pendingChanges: firewall.pending_changes };
      },
      update: async (id, _before, after) => void (await api("PUT", `/v2/firewalls/${id}`, firewallBody(after))),
      remove: async (id) => void (await api("DELETE", `/v2/firewalls/${id}`)),
    },
    "digitalocean:index/reservedIp:ReservedIp": {
      keys: ["region", "dropletId"],
      forcesNew: ["region"],
      autoNamed: false,
      create: async ({ region, dropletId }) => {
        const { ip } = (await api("POST", "/v2/reserved_ips", { region })).reserved_ip;
        if (dropletId !== undefined) await assign(ip, dropletId);
        return ip;
      },
      read: async (ip) => {
        if ((await api("GET", `/v2/reserved_ips/${ip}`)) === null) return null;
        return { ipAddress: ip, reservedIpUrn: `do:reservedip:${ip}` };
      },
      update: (ip, _before, { dropletId }) =>
        dropletId === undefined ? act(ip, { type: "unassign" }) : assign(ip, dropletId),
      remove: async (ip, { dropletId }) => {
        if (dropletId !== undefined)
          await act(ip, { type: "unassign" }).catch((/** @type {Error} */ error) => {
            if (!/ 422 /.test(error.message)) throw error; // its droplet is gone already
          });
        await api("DELETE", `/v2/reserved_ips/${ip}`);
      },
    },
  };
}

/**
 * The methods of a provider for a URN of these kinds; undefined for any other.
 *
 * @param {Api} api
 * @param {(value: any) => any} unwrap secrets to plain values
 * @param {number} pollMs between looks at an action
 */
export function networkResources(api, unwrap, pollMs) {
  const known = Object.entries(kinds(api, pollMs));
  return (/** @type {string} */ urn) => {
    const kind = known.find(([type]) => urn.includes(`${type}::`))?.[1];
    if (kind === undefined) return undefined;
    const outputs = async (/** @type {string} */ id, /** @type {Props} */ inputs) => {
      const { __defaults: _defaults, ...rest } = inputs;
      const read = await kind.read(id);
      return read === null ? null : { ...rest, ...read };
    };
    return {
      check(/** @type {Props} */ olds, /** @type {Props} */ news) {
        if (!kind.autoNamed || news["name"] !== undefined) return { inputs: news, failures: [] };
        const logical = urn.slice(urn.lastIndexOf("::") + 2);
        const name = olds?.["name"] ?? `${logical}-${randomBytes(4).toString("hex").slice(0, 7)}`;
        return { inputs: { ...news, name, __defaults: ["name"] }, failures: [] };
      },
      diff(/** @type {Props} */ olds, /** @type {Props} */ news) {
        const [before, after] = [unwrap(olds), unwrap(news)];
        // What the API chose itself (ipRange) is no change as long as nobody asks for another.
        const changed = kind.keys.filter(
          (key) => after[key] !== undefined && JSON.stringify(before[key]) !== JSON.stringify(after[key]),
        );
        const gone = ["dropletId", "dropletIds", "tags"].filter(
          (key) => kind.keys.includes(key) && after[key] === undefined && before[key] !== undefined,
        );
        const all = [...changed, ...gone];
        return { changes: all.length > 0, replaces: all.filter((key) => kind.forcesNew.includes(key)) };
      },
      async create(/** @type {Props} */ inputs) {
        const plain = unwrap(inputs);
        const id = await kind.create(plain);
        return { id, outs: await outputs(id, plain) };
      },
      async read(/** @type {string} */ id, /** @type {Props} */ props) {
        const now = await outputs(id, props);
        return now === null ? {} : { id, props: now };
      },
      async update(/** @type {string} */ id, /** @type {Props} */ olds, /** @type {Props} */ news) {
        const after = unwrap(news);
        await kind.update(id, unwrap(olds), after);
        return { outs: await outputs(id, after) };
      },
      delete: (/** @type {string} */ id, /** @type {Props} */ props) => kind.remove(id, unwrap(props)),
    };
  };
}
