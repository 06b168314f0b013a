/**
 * bootseed for Pulumi programs: droplets with a fresh seed, and their authentic SSH host keys.
 *
 * @example <caption>An existing program: one line at its top</caption>
 * import { seedStack } from "@bootseed/seeder";
 * seedStack({ host: "unix:///run/bootseed/mint.sock" });
 *
 * @example <caption>A new droplet</caption>
 * import { SeededDroplet } from "@bootseed/seeder";
 * const web = new SeededDroplet("web", { host: "unix:///run/bootseed/mint.sock", image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" });
 * export const knownHosts = web.knownHosts;
 *
 * @module
 */
export { SeededDroplet, type SeededDropletArgs } from "./droplet/seeded-droplet.ts";
export type { SeededDropletOptions } from "./droplet/options.ts";
export { seedStack, type SeedStackArgs, type StackDroplet } from "./droplet/seed-stack.ts";
export type { SeedSource } from "./droplet/seed-source.ts";
export { knownHostsLines } from "./droplet/known-hosts.ts";
export type { SeedHost } from "./mint-client/seed-hosts.ts";
export { loadKit } from "./render/kit.ts";
export {
  DEFAULT_MAX_USER_DATA_BYTES,
  type Kit,
  type RenderOptions,
  renderUserData,
  type UserDataSizes,
} from "./render/render.ts";
