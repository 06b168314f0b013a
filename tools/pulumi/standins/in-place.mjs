// Part of the stand-in provider: changes that need no new droplet, with the calls of terraform-provider-digitalocean's
// resourceDigitalOceanDropletUpdate and in its order: size (off, resize, on), name, tags.

/**
 * @typedef {Record<string, any>} Props
 * @typedef {(method: "GET" | "POST" | "DELETE", path: string, body?: unknown) => Promise<any>} Api
 * @typedef {(path: string, reached: (answer: any) => boolean) => Promise<any>} Until asks until it is reached
 */

/**
 * @param {{api: Api, until: Until, id: string}} droplet
 * @param {Props} before
 * @param {Props} after
 */
export async function changeInPlace({ api, until, id }, before, after) {
  const act = (/** @type {object} */ action) => api("POST", `/v2/droplets/${id}/actions`, action);
  const shows = (/** @type {Props} */ wanted) =>
    until(`/v2/droplets/${id}`, ({ droplet }) =>
      Object.entries({ locked: false, ...wanted }).every(([key, value]) => droplet[key] === value),
    );
  if (before["size"] !== after["size"]) {
    await act({ type: "power_off" });
    await shows({ status: "off" });
    try {
      const { action } = await act({ type: "resize", disk: after["resizeDisk"] ?? true, size: after["size"] });
      await until(`/v2/actions/${action.id}`, (answer) => answer.action.status === "completed");
    } finally {
      await act({ type: "power_on" }); // also when it was refused
      await shows({ status: "active" });
    }
  }
  if (before["name"] !== after["name"]) {
    await act({ type: "rename", name: after["name"] });
    await shows({ name: after["name"] });
  }
  await setTags(api, before["tags"], after["tags"], id);
}

/**
 * @param {Api} api
 * @param {string[] | undefined} before
 * @param {string[] | undefined} after
 * @param {string} id
 */
async function setTags(api, before = [], after = [], id) {
  const resources = { resources: [{ resource_id: id, resource_type: "droplet" }] };
  for (const tag of before.filter((t) => !after.includes(t))) {
    await api("DELETE", `/v2/tags/${encodeURIComponent(tag)}/resources`, resources);
  }
  for (const tag of after.filter((t) => !before.includes(t))) {
    await api("POST", "/v2/tags", { name: tag });
    await api("POST", `/v2/tags/${encodeURIComponent(tag)}/resources`, resources);
  }
}
