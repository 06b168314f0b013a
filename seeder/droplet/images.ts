/** DigitalOcean's image slugs on which the first boot cannot work: refused before anything is created. */

/** The oldest python3 that the kit runs on; its tests start there too. */
const OLDEST_PYTHON = "3.8";

/** The first release of each distribution whose own /usr/bin/python3 is new enough; the comment has the one before it. */
const FIRST: Readonly<Record<string, number>> = {
  debian: 11, // 3.9; debian-10: 3.7
  fedora: 32, // 3.8; fedora-31: 3.7
  centos: 9, // 3.9; centos-8: 3.6
  "centos-stream": 9,
  almalinux: 9,
  rockylinux: 9,
  oraclelinux: 9,
  rhel: 9,
  opensuse: 16, // 3.13; opensuse-15: 3.6
  "opensuse-leap": 16,
  ubuntu: 20, // 20.04: 3.8; 19.10: 3.7
};

const NO_LINUX = /^freebsd-/;
const NO_PYTHON =
  /^(coreos|fedora-coreos|fedora-\d+-coreos|flatcar|rancheros|fedora-\d+-atomic|fedora-\d+-x64-atomic)(-|$)/;
/** Ubuntu's releases, and what is built on them: docker-18-04, wordpress-16-04. */
const UBUNTU = /(?:^|-)(\d\d)-(?:04|10)(?:-x(?:64|32))?$/;
const OTHERS =
  /^(debian|fedora|centos|centos-stream|almalinux|rockylinux|oraclelinux|rhel|opensuse|opensuse-leap)-(\d+)(?:-|$)/;

/** How a machine gets its entropy when user-data cannot bring it. */
export const JOIN = "install bootseed-agent there and enrol the running machine with bootseed-agent join";

/** Why the first boot cannot work on the image, or undefined. */
function problemOf(image: string): string | undefined {
  if (NO_LINUX.test(image)) return "it is not Linux";
  if (NO_PYTHON.test(image)) return "it has no python3";
  const [, distribution = "ubuntu", release = UBUNTU.exec(image)?.[1]] = OTHERS.exec(image) ?? [];
  const old = release !== undefined && Number(release) < (FIRST[distribution] ?? 0);
  return old ? `its python3 is older than ${OLDEST_PYTHON}` : undefined;
}

/**
 * @param image a slug; ids of snapshots, images of one's own and distributions not listed here are not judged: where the kit does not run
 *   there, the VM's gate holds sshd and the log says why
 * @returns why it cannot be seeded and what to do, or undefined
 * @example imageRefusal("freebsd-12-x64") // "image freebsd-12-x64 cannot be seeded at its first boot: it is not Linux; …"
 */
export function imageRefusal(image: unknown): string | undefined {
  if (typeof image !== "string") return undefined;
  const why = problemOf(image);
  if (why === undefined) return undefined;
  return `image ${image} cannot be seeded at its first boot: ${why}; take a later image, or ${JOIN}`;
}
