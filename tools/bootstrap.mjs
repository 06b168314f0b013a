// What start.mjs asks of the machine: which system, which Debian packages, which rights. No dependencies.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

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
  // for the tests of its completion
  "zsh",
  // for an image that a user builds in a namespace (tools/image/image-user.sh), and its tests
  "uidmap",
];
/** For asking cloud-init itself (unpacked, not installed) what it makes of our user-data. */
const CLOUD_INIT = ["jinja2", "requests", "configobj", "jsonpatch", "jsonschema", "oauthlib", "yaml"].map(
  (n) => `python3-${n}`,
);
/** For C helpers and peers, network namespaces, injected faults. */
const DRILLS = ["gcc", "libc6-dev", "libssl-dev", "iproute2", "nftables", "tcpdump", "fiu-utils", "faketime"];
/** For VMs: emulator, image builder, the mini VM's init. */
const VM = ["qemu-system-x86", "qemu-utils", "mmdebstrap", "e2fsprogs", "cpio", "binutils"];

/**
 * @param {"quick" | "drills" | "all"} extent quick: gates and unit tests; drills: and faults, namespaces, benchmarks; all: and VMs
 * @returns {string[]}
 */
export function missingPackages(extent) {
  const wanted = [...BASE, ...CLOUD_INIT, ...(extent === "quick" ? [] : DRILLS), ...(extent === "all" ? VM : [])];
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...wanted], {
    encoding: "utf8",
  });
  const installed = new Set(
    (stdout ?? "")
      .split("\n")
      .filter((l) => l.endsWith(" installed"))
      .map((l) => l.split(" ")[0]),
  );
  return wanted.filter((p) => !installed.has(p));
}

/**
 * How this process gets root's rights: it has them, by sudo, or not at all. Off a terminal, only a sudo that asks for no password counts.
 *
 * @returns {"root" | "sudo" | "none"}
 */
export function rootBy() {
  if (process.getuid?.() === 0) return "root";
  const { status } = spawnSync("sudo", process.stdin.isTTY ? ["-V"] : ["-n", "true"], { stdio: "ignore" });
  return status === 0 ? "sudo" : "none";
}

/** @returns {boolean} whether this user may be root of a user namespace with the ids that a Debian system has */
export function mayUseNamespaces() {
  const script = fileURLToPath(new URL("image/image-user.sh", import.meta.url));
  return spawnSync("sh", [script, "--check"], { stdio: "ignore" }).status === 0;
}

const IMAGE_WAYS =
  "as root, allow this user's namespaces (uidmap installed, the user in /etc/subuid and /etc/subgid, user.max_user_namespaces above 0) or give it sudo";

/**
 * What keeps a run from starting: one sentence with the way out, or nothing.
 *
 * @param {{
 *   root: "root" | "sudo" | "none",
 *   packages: string[],
 *   npm: boolean,
 *   image: boolean,
 *   namespaces: () => boolean,
 * }} here root: as rootBy(); packages: the missing ones; npm: whether what the run calls of npm is there; image: whether one has to be
 *   built; namespaces: as mayUseNamespaces(), asked last
 * @returns {string | undefined}
 */
export function missingPrerequisite({ root, packages, npm, image, namespaces }) {
  if (!npm)
    return "expected npm on PATH: install it (nodejs.org's Node brings it, or Debian's package npm) and run this again.";
  if (root !== "none") return undefined;
  if (packages.length > 0)
    return `expected root, or sudo, to install Debian packages: run \`apt-get install --no-install-recommends ${packages.join(" ")}\` as root, then this again.`;
  return image && !namespaces()
    ? `expected root, sudo or user namespaces to build the VM image: ${IMAGE_WAYS}, then run this again.`
    : undefined;
}

/**
 * How the VM image is built: as root, in a user namespace, or by sudo.
 *
 * @param {"root" | "sudo" | "none"} [root]
 * @param {() => boolean} [namespaces]
 * @returns {"root" | "namespace" | "sudo"}
 * @throws {Error} one sentence where there is no way
 */
export function imageBuilder(root = rootBy(), namespaces = mayUseNamespaces) {
  if (root === "root") return "root";
  if (namespaces()) return "namespace";
  if (root === "sudo") return "sudo";
  throw new Error(`expected root, sudo or user namespaces: ${IMAGE_WAYS}`);
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
