/** DigitalOcean's image slugs on which the first boot cannot work: refused before anything is created. */

/** The kit's python needs 3.7; `boothook` and the gate need cloud-init and Linux. */
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/^freebsd-/, "it is not Linux"],
  [/^(coreos|fedora-coreos|fedora-\d+-coreos|flatcar|rancheros|fedora-\d+-atomic)(-|$)/, "it has no python3"],
  // Also what is built on them: docker-18-04, wordpress-16-04.
  [/(^|-)(12|14|16|18)-04(-x(64|32))?$/, "its python3 is older than 3.7"],
  [/^debian-[6-9]-/, "its python3 is older than 3.7"],
  [/^(centos|centos-stream|almalinux|rockylinux)-[5-8]-/, "its python3 is older than 3.7"],
  [/^fedora-(1\d|2[0-8])-/, "its python3 is older than 3.7"],
];

/** How a machine gets its entropy when user-data cannot bring it. */
export const JOIN = "install bootseed-agent there and enrol the running machine with bootseed-agent join";

/**
 * @param image a slug; ids of snapshots and images of one's own are not judged
 * @returns why it cannot be seeded and what to do, or undefined
 * @example imageRefusal("freebsd-12-x64") // "image freebsd-12-x64 cannot be seeded at its first boot: it is not Linux; …"
 */
export function imageRefusal(image: unknown): string | undefined {
  if (typeof image !== "string") return undefined;
  const why = UNSUPPORTED.find(([slug]) => slug.test(image))?.[1];
  if (why === undefined) return undefined;
  return `image ${image} cannot be seeded at its first boot: ${why}; take a later image, or ${JOIN}`;
}
