import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { waitForBoot, type LocalDroplet } from "@bootseed/local-cloud";
import { ensureImage } from "../../tools/image/image.ts";
import { startCloud, type Cloud } from "../../tools/lab/cloud.ts";
import { run } from "../../tools/lab/service.ts";
import { reboot } from "./reboot.ts";

/** Real QEMU VMs behind the API: one that works, and three that never will. */
describe("local-cloud", { concurrent: false }, () => {
  let dir: string, images: string;
  const clouds: Cloud[] = [];

  beforeAll(async () => {
    const image = await ensureImage();
    dir = mkdtempSync(join(tmpdir(), "bootseed-cloud-"));
    images = join(dir, "images");
    mkdirSync(images);
    symlinkSync(image, join(images, "debian-12-x64"));
    for (const [slug, kernel] of [
      ["no-root", readFileSync(join(image, "vmlinuz"))],
      ["no-kernel", Buffer.from("this is no kernel\n")],
    ] as const) {
      mkdirSync(join(images, slug));
      symlinkSync(join(image, "base.qcow2"), join(images, slug, "base.qcow2"));
      writeFileSync(join(images, slug, "vmlinuz"), kernel);
      writeFileSync(join(images, slug, "initrd"), "this is no initramfs\n");
    }
  });
  afterAll(async () => {
    for (const cloud of clouds) await cloud.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async (name: string, options: readonly string[] = []): Promise<Cloud & { readonly dir: string }> => {
    const cloud = await startCloud(images, join(dir, name), ["--cpus", "1", ...options]);
    clouds.push(cloud);
    return { ...cloud, dir: join(dir, name) };
  };

  it("a VM that never boots is stopped at the deadline, and the error has its console's end", async () => {
    const cloud = await start("dead", ["--boot-deadline", "15"]);
    const id = await create(cloud.api, "no-root");
    await expect(waitForBoot(cloud.api, id)).rejects.toThrow(
      /did not boot: no answer from its guest agent within 15 s.*ended with:[^]*Kernel panic - not syncing[^]*--boot-deadline/,
    );
    // The error is told as soon as it is known; its process ends a moment later.
    await vi.waitFor(async () => {
      const droplet = (await call(cloud.api, "GET", `/local/droplets/${id}`)) as unknown as LocalDroplet;
      expect(droplet).toMatchObject({ status: "off", pid: null });
    }, 10_000);
    expect(readFileSync(`${cloud.dir}.log`, "utf8")).toMatch(/"event":"boot-failed".*Kernel panic/);
    expect(processesWith(cloud.dir)).toEqual([]);
    expect(await cloud.console(String(id))).toContain("Kernel panic");
  });

  it("a kernel that is none is an error at once, in QEMU's words", async () => {
    const cloud = await start("none", ["--boot-deadline", "60"]);
    const id = await create(cloud.api, "no-kernel");
    await expect(waitForBoot(cloud.api, id)).rejects.toThrow(/did not boot: .*QEMU/);
    await call(cloud.api, "DELETE", `/v2/droplets/${id}`);
    expect(readdirSync(join(cloud.dir, "droplets"))).toEqual([]);
  });

  it("even kill -9 of the service leaves no VM; the next one clears the files", async () => {
    const killed = await start("killed");
    const id = await create(killed.api, "no-root");
    await vi.waitFor(() => expect(processesWith(killed.dir)).toHaveLength(1), 10_000);
    process.kill(killed.pid, "SIGKILL");
    await vi.waitFor(() => expect(processesWith(killed.dir)).toEqual([]), 10_000);
    expect(existsSync(join(killed.dir, "droplets", String(id)))).toBe(true);
    const next = await start("killed");
    expect(existsSync(join(next.dir, "droplets", String(id)))).toBe(false);
  });

  it("a droplet boots stock Debian, is reached, reboots, and leaves neither process nor file", async () => {
    const identity = join(dir, "key");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", identity]);
    const cloud = await start("alive", ["--authorized-key", `${identity}.pub`]);
    const id = await create(
      cloud.api,
      "debian-12-x64",
      "#cloud-config\nwrite_files: [{path: /etc/of-the-user, content: untouched}]\n",
    );
    const shell = async (command: string): Promise<string> => cloud.exec(String(id), command);
    await waitForBoot(cloud.api, id);
    const { droplet } = await call(cloud.api, "GET", `/v2/droplets/${id}`);
    const address = String(droplet?.networks.v4[0]?.ip_address);
    const port = Number(cloud.ready["sshPort"]);
    await vi.waitFor(async () => expect(await banner(address, port)).toMatch(/^SSH-2\.0-OpenSSH/), {
      timeout: 60_000,
      interval: 500,
    });
    expect(await shell("cat /etc/of-the-user; cat /etc/hostname; cat /sys/class/dmi/id/sys_vendor")).toBe(
      "untouchedvm-1\nDigitalOcean",
    );
    expect(await shell("cat /var/lib/cloud/data/instance-id")).toBe(String(id));
    await expect(shell("echo gone wrong >&2; exit 7")).rejects.toThrow(/gone wrong/);

    const knownHosts = join(dir, "known_hosts");
    const name = port === 22 ? address : `[${address}]:${port}`;
    writeFileSync(knownHosts, `${name} ${await shell("cat /etc/ssh/ssh_host_ed25519_key.pub")}\n`);
    const login = ["ssh", "--dir", cloud.dir, "--identity", identity, "--known-hosts", knownHosts, "vm-1"];
    expect(await run("local-cloud", [...login, "id", "-un"])).toBe("root");

    const boots = new Set([await shell("cat /proc/sys/kernel/random/boot_id")]);
    const pid = processesWith(cloud.dir);
    await reboot(cloud, String(id), boots);
    expect(await shell("cat /var/lib/cloud/data/instance-id")).toBe(String(id));
    expect(processesWith(cloud.dir)).toEqual(pid);
    expect(await banner(address, port)).toMatch(/^SSH-2\.0-OpenSSH/);

    await call(cloud.api, "DELETE", `/v2/droplets/${id}`);
    expect(processesWith(cloud.dir)).toEqual([]);
    expect(readdirSync(join(cloud.dir, "droplets"))).toEqual([]);
    await cloud.stop();
    expect(readdirSync(cloud.dir)).toEqual([]);
  });
});

interface Answer {
  readonly droplet?: {
    readonly id: number;
    readonly networks: { readonly v4: readonly { readonly ip_address: string }[] };
  };
}

async function call(api: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const init = {
    method,
    headers: { authorization: "Bearer test" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const response = await fetch(api + path, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === "" ? {} : JSON.parse(text)) as Answer;
}

async function create(api: string, image: string, userData?: string): Promise<number> {
  const body = { name: "vm-1", region: "ams3", size: "s-1vcpu-1gb", image, user_data: userData };
  const { droplet } = await call(api, "POST", "/v2/droplets", body);
  if (droplet === undefined) throw new Error("expected a droplet in the answer");
  return droplet.id;
}

/** Pids of the VMs and their helpers that name the folder in their arguments. */
function processesWith(dir: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return line.includes("qemu-system") && line.includes(`${dir}/`);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** The first bytes that whoever listens there says. */
async function banner(host: string, port: number): Promise<string> {
  const socket = net.connect(port, host);
  socket.setTimeout(3000, () => socket.destroy(new Error("silent")));
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.once("data", (data: Buffer) => resolve(data.toString()));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
    });
  } finally {
    socket.destroy();
  }
}
