import { z } from "zod";
import { imageSlug, isRegion, sizeOf, type Size } from "./catalogue.ts";
import { unprocessable } from "./errors.ts";

/** DigitalOcean's limit on user_data. */
const USER_DATA_MAX_BYTES = 65_536;

const NAME = /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$/;
const TAG = /^[a-zA-Z0-9_:-]{1,255}$/;

/** The body of `POST /v2/droplets` as recorded from the official provider; fields that have no meaning here are let through. */
const bodySchema = z.object({
  name: z.string(),
  region: z.string(),
  size: z.string(),
  image: z.union([z.string(), z.number()]),
  ssh_keys: z.array(z.union([z.string(), z.number()])).nullish(),
  backups: z.boolean().nullish(),
  ipv6: z.boolean().nullish(),
  private_networking: z.boolean().nullish(),
  monitoring: z.boolean().nullish(),
  user_data: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  vpc_uuid: z.string().nullish(),
});
const FEATURES = ["backups", "ipv6", "private_networking", "monitoring"] as const;
/** The VPC that stands for all that were not named. */
const DEFAULT_VPC = "00000000-0000-4000-8000-000000000000";

/** A droplet to make, checked. */
export interface CreateRequest {
  readonly name: string;
  readonly region: string;
  readonly size: Size;
  readonly image: string;
  readonly userData: string | undefined;
  readonly tags: readonly string[];
  /** ids or fingerprints of keys that were registered before */
  readonly sshKeys: readonly string[];
  /** options that were asked for and are shown, though this cloud does nothing about them */
  readonly features: readonly string[];
  readonly vpcUuid: string;
}

/**
 * Checks the body of `POST /v2/droplets`.
 *
 * @param images the slugs that can be booted
 * @throws ApiError 422 with DigitalOcean's wording where it has one, and what this cloud would accept
 */
export function checkCreate(body: unknown, images: readonly string[]): CreateRequest {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw unprocessable(`${issue?.path.join(".") || "body"}: ${issue?.message ?? "invalid"}`);
  }
  const { name, region, size: sizeSlug, user_data: userData } = parsed.data;
  checkName(name);
  if (!isRegion(region))
    throw unprocessable(
      `You specified an invalid region for Droplet creation: got ${region}, expected one such as ams3.`,
    );
  const size = sizeOf(sizeSlug);
  if (size === undefined)
    throw unprocessable(
      `You specified an invalid size for Droplet creation: got ${sizeSlug}, expected one such as s-1vcpu-1gb.`,
    );
  const image = imageSlug(parsed.data.image, images);
  if (image === undefined) {
    throw unprocessable(
      `You specified an invalid image for Droplet creation: got ${parsed.data.image}, this cloud has ${images.join(", ") || "none"}.`,
    );
  }
  const bytes = Buffer.byteLength(userData ?? "");
  if (bytes > USER_DATA_MAX_BYTES)
    throw unprocessable(`User data is too long: expected at most ${USER_DATA_MAX_BYTES} bytes, got ${bytes}.`);
  const tags = parsed.data.tags ?? [];
  for (const tag of tags) checkTag(tag);
  return {
    name,
    region,
    size,
    image,
    userData: userData ?? undefined,
    tags: [...new Set(tags)],
    sshKeys: (parsed.data.ssh_keys ?? []).map(String),
    features: FEATURES.filter((feature) => parsed.data[feature] === true),
    vpcUuid: parsed.data.vpc_uuid ?? DEFAULT_VPC,
  };
}

/** @throws ApiError 422 unless it can be a host's name */
export function checkName(name: unknown): string {
  if (typeof name === "string" && NAME.test(name)) return name;
  throw unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)");
}

/** @throws ApiError 422 unless it is 1 to 255 letters, digits, `_`, `:` or `-` */
export function checkTag(tag: unknown): string {
  if (typeof tag !== "string" || !TAG.test(tag)) {
    throw unprocessable(
      "Tag name may only contain letters, numbers, colons, dashes, and underscores, and at most 255 of them.",
    );
  }
  return tag;
}
