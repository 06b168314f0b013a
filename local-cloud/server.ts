import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { isIP, type AddressInfo } from "node:net";
import { join } from "node:path";
import { serve, type ServerType } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { chooseAccelerator, type Accelerator } from "./accelerator.ts";
import { defaultSshPort } from "./addresses.ts";
import { createApi } from "./api.ts";
import { imageSlugs } from "./catalogue.ts";
import type { Droplet, DropletEvent } from "./droplet.ts";
import type { FaultPlan } from "./faults/fault-plan.ts";
import { Fleet } from "./fleet.ts";
import type { Launcher } from "./machine.ts";
import { qemuLauncher } from "./qemu.ts";
import { claimFolder } from "./run-folder.ts";

/** How a local cloud is started. */
export interface LocalCloudOptions {
  /** folder with one folder per image slug: base.qcow2, vmlinuz, initrd */
  readonly images: string;
  /** run folder, made if missing, 0700; its `droplets` belongs to this cloud alone */
  readonly dir: string;
  /** a loopback address; default 127.0.0.1 */
  readonly host?: string;
  /** port of the API; default 0, any free one */
  readonly port?: number;
  /** port at 127.77.0.n that leads to a droplet's 22; default 22 where this user may listen there, else 2222 */
  readonly sshPort?: number;
  /** OpenSSH public keys that every droplet gets */
  readonly authorizedKeys?: readonly string[];
  /** from the start of a VM to its first answer; default 300,000 */
  readonly bootDeadlineMs?: number;
  /** default 1 */
  readonly parallelBoots?: number;
  /** MiB per VM; default 512 */
  readonly memoryMiB?: number;
  /** processors per VM; default 2 */
  readonly cpus?: number;
  /** gives every droplet a config drive, which cloud-init takes before the metadata service; default false */
  readonly configDrive?: boolean;
  /** what goes wrong, and when */
  readonly faults?: FaultPlan;
  /** in place of QEMU, for tests of the API */
  readonly launcher?: Launcher;
  /** of the first droplet; default one that no earlier run has given */
  readonly firstId?: number;
  /** sees every request before all else; what it does with user-data is its own business */
  readonly observe?: MiddlewareHandler;
  /** gets every event; default: one JSON line each on stderr */
  readonly onEvent?: (droplet: Droplet, event: DropletEvent) => void;
}

/** A local cloud that runs. */
export interface LocalCloud {
  /** base URL of the API */
  readonly api: string;
  readonly sshPort: number;
  readonly accelerator: Accelerator | "none";
  /** its droplets, for a program that has the cloud in its own process */
  readonly fleet: Fleet;
  /** ends all droplets and the API, removes their files; repeatable */
  stop(): Promise<void>;
}

/**
 * Starts a DigitalOcean-compatible API on loopback whose droplets are QEMU VMs.
 *
 * @throws Error when the address is not loopback, the port is taken, there are no images, or another local-cloud uses the folder
 *
 * @example
 * const cloud = await startLocalCloud({ images: ".cache/images", dir: "/tmp/cloud" });
 * // pulumi: DIGITALOCEAN_API_URL=cloud.api
 * await cloud.stop();
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const host = loopback(options.host ?? "127.0.0.1");
  const [slug] = imageSlugs(options.images);
  if (slug === undefined) {
    throw new Error(
      `no image in ${options.images}: expected SLUG/base.qcow2, SLUG/vmlinuz, SLUG/initrd; \`npm run setup\` builds one`,
    );
  }
  const release = claimFolder(options.dir);
  try {
    const sshPort = options.sshPort ?? (await defaultSshPort());
    const accelerator =
      options.launcher === undefined ? await chooseAccelerator(join(options.images, slug, "vmlinuz")) : "none";
    const hardware = {
      accelerator: accelerator === "kvm" ? "kvm" : "tcg",
      memoryMiB: options.memoryMiB ?? 512,
      cpus: options.cpus ?? 2,
    } as const;
    const fleet = new Fleet({
      images: options.images,
      dir: join(options.dir, "droplets"),
      sshPort,
      bootDeadlineMs: options.bootDeadlineMs ?? 300_000,
      parallelBoots: options.parallelBoots ?? 1,
      authorizedKeys: options.authorizedKeys ?? [],
      launcher: options.launcher ?? qemuLauncher(hardware),
      configDrive: options.configDrive ?? false,
      onEvent: options.onEvent ?? toStderr,
      firstId: options.firstId ?? randomInt(100_000_000, 900_000_000), // an instance-id must not come back in the next run
    });
    const { faults, observe } = options;
    const app = createApi(fleet, options.images, {
      ...(faults === undefined ? {} : { faults }),
      ...(observe === undefined ? {} : { observe }),
      about: { sshPort, accelerator },
    });
    const server = await listen(app.fetch, host, options.port ?? 0);
    const { port } = server.address() as AddressInfo;
    const api = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    writeFileSync(join(options.dir, "api"), `${api}\n`, { mode: 0o600 });
    const stop = async (): Promise<void> => {
      await fleet.stop();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      release();
    };
    return { api, sshPort, accelerator, fleet, stop };
  } catch (error) {
    release();
    throw error;
  }
}

/** This API starts and stops machines for whoever asks: it never listens where others can ask. */
function loopback(host: string): string {
  if (host === "::1" || (isIP(host) === 4 && host.startsWith("127."))) return host;
  throw new Error(`local-cloud listens on loopback only: expected 127.0.0.1 or ::1, got ${host}`);
}

async function listen(
  fetch: Parameters<typeof serve>[0]["fetch"],
  hostname: string,
  port: number,
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, () => resolve(server));
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === "EADDRINUSE"
          ? new Error(`${hostname}:${port} is taken: choose another --port, or 0 for any free one`, { cause })
          : cause,
      );
    });
  });
}

function toStderr(droplet: Droplet, event: DropletEvent): void {
  process.stderr.write(`${JSON.stringify({ droplet: droplet.id, name: droplet.name, ...event })}\n`);
}
