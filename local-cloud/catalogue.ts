import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A droplet size as the API shows it. */
export interface Size {
  readonly slug: string;
  /** MiB, nominal: what the VM really gets is `--memory` */
  readonly memory: number;
  readonly vcpus: number;
  /** GiB */
  readonly disk: number;
}

const SIZES: readonly Size[] = [
  { slug: "s-1vcpu-512mb-10gb", memory: 512, vcpus: 1, disk: 10 },
  { slug: "s-1vcpu-1gb", memory: 1024, vcpus: 1, disk: 25 },
  { slug: "s-1vcpu-2gb", memory: 2048, vcpus: 1, disk: 50 },
  { slug: "s-2vcpu-2gb", memory: 2048, vcpus: 2, disk: 60 },
  { slug: "s-2vcpu-4gb", memory: 4096, vcpus: 2, disk: 80 },
  { slug: "s-4vcpu-8gb", memory: 8192, vcpus: 4, disk: 160 },
];
const REGIONS = "nyc1 nyc2 nyc3 sfo2 sfo3 ams3 sgp1 lon1 fra1 tor1 blr1 syd1".split(" ");

/** @returns the size of that slug, or undefined */
export function sizeOf(slug: string): Size | undefined {
  return SIZES.find((size) => size.slug === slug);
}

/** Every size, with the fields that API clients dereference. */
export function sizeJson(size: Size): Record<string, unknown> {
  const price = { price_monthly: 0, price_hourly: 0, transfer: 1 };
  return { ...size, ...price, regions: REGIONS, available: true, description: "local-cloud" };
}

/** Whether the region is one that DigitalOcean has; they are all this machine. */
export function isRegion(slug: string): boolean {
  return REGIONS.includes(slug);
}

/** A region object with the fields that API clients dereference. */
export function regionJson(slug: string): Record<string, unknown> {
  return {
    slug,
    name: `${slug} (this machine)`,
    sizes: SIZES.map((size) => size.slug),
    features: ["metadata"],
    available: true,
  };
}

/** The slugs below `--images`: each folder that holds a kernel and a disk. */
export function imageSlugs(images: string): string[] {
  if (!existsSync(images)) return [];
  return readdirSync(images).filter((slug) =>
    ["base.qcow2", "vmlinuz", "initrd"].every((file) => existsSync(join(images, slug, file))),
  );
}

/** The slug of an image that is named by its slug or, as in some programs, by its number. */
export function imageSlug(reference: unknown, slugs: readonly string[]): string | undefined {
  return slugs.find((slug) => slug === reference || String(imageId(slug)) === String(reference));
}

/** The same number in every run, as there is nothing but the slug. */
function imageId(slug: string): number {
  return Buffer.from(slug).reduce((sum, byte) => (sum * 31 + byte) % 1_000_000_007, 7);
}

/** An image object with the fields that API clients dereference. `debian-12-x64` is "12 x64" of distribution Debian. */
export function imageJson(slug: string): Record<string, unknown> {
  const [distribution = slug, ...rest] = slug.split("-");
  return {
    id: imageId(slug),
    name: rest.join(" ") || slug,
    distribution: distribution.charAt(0).toUpperCase() + distribution.slice(1),
    slug,
    public: true,
    regions: REGIONS,
    created_at: "2023-06-10T00:00:00Z",
    min_disk_size: 7,
    type: "base",
    size_gigabytes: 0.5,
    description: `${slug} of local-cloud`,
    tags: [],
    status: "available",
    error_message: "",
  };
}

/** All that can be listed: sizes and regions. */
export const CATALOGUE: { readonly sizes: readonly Size[]; readonly regions: readonly string[] } = {
  sizes: SIZES,
  regions: REGIONS,
};
