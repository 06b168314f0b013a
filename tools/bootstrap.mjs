// What start.mjs asks of the machine: which system, which Debian packages. No dependencies.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Debian packages of every run: the kit's python as a stock image has it, and what its tests drive. */
const BASE = [
  "ca-certificates",
  "openssh-client",
  "openssl",
  "python3",
  "python3-cryptography",
  "python3-venv",
  "util-linux",
  "age",
];
/** For asking cloud-init itself (unpacked, not installed) what it makes of our user-data. */
const CLOUD_INIT = ["jinja2", "requests", "configobj", "jsonpatch", "jsonschema", "oauthlib", "yaml"].map(
  (n) => `python3-${n}`,
);
/** For C helpers and peers, network namespaces, injected faults. */
const DRILLS = ["gcc", "libc6-dev", "libssl-dev", "iproute2", "nftables", "tcpdump", "fiu-utils", "faketime"];
/** For VMs: emulator, image builder, the mini VM's init. */
const VM = ["qemu-system-x86", "qemu-utils", "mmdebstrap", "e2fsprogs", "cpio", "binutils"];

/** @param {"quick" | "drills" | "all"} extent quick: gates and unit tests; drills: and faults, namespaces, benchmarks; all: and VMs @returns {string[]} */
export function missingPackages(extent) {
  const wanted = [...BASE, ...CLOUD_INIT, ...(extent === "quick" ? [] : DRILLS), ...(extent === "all" ? VM : [])];
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...wanted], {
    encoding: "utf8",
  });
  const installed = new Set(
    stdout
      .split("\n")
      .filter((l) => l.endsWith(" installed"))
      .map((l) => l.split(" ")[0]),
  );
  return wanted.filter((p) => !installed.has(p));
}

/**
 * What this machine is.
 *
 * @returns {{ node: string, platform: string, arch: string, osRelease: string }}
 */
const machine = () => ({
  node: process.versions.node,
  platform: process.platform,
  arch: process.arch,
  osRelease: existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "",
});

/**
 * One sentence with the way out, or nothing where the system is supported.
 *
 * @param {ReturnType<typeof machine>} [here] this machine, or a test's
 * @returns {string | undefined}
 */
export function unsupported({ node, platform, arch, osRelease } = machine()) {
  if (Number(node.split(".")[0]) < 20)
    return `expected Node 20 or newer, got ${node}: install a newer one (Debian 13's nodejs, or nodejs.org) and run this again.`;
  const id = /^ID=(.*)$/m.exec(osRelease)?.[1];
  const version = /^VERSION_ID="?([^"\n]*)/m.exec(osRelease)?.[1];
  if (platform === "linux" && arch === "x64" && id === "debian" && version === "12") return undefined;
  const got = [id ?? platform, version, arch].filter(Boolean).join(" ");
  return `expected Debian 12 on x86-64, got ${got}: run this in a Debian 12 virtual machine or container (root, 6 GB of disk).`;
}

/** @param {string[]} packages @returns {string[]} apt-get as root, by sudo where this is not root */
export function aptCommand(packages) {
  const script = `apt-get -q update && apt-get -q install -y --no-install-recommends ${packages.join(" ")}`;
  return process.getuid?.() === 0
    ? ["sh", "-c", script]
    : ["sudo", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script];
}
