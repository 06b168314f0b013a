import { createHash } from "node:crypto";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, page } from "./request.ts";
import { notFound, unprocessable } from "./errors.ts";

interface AccountKey {
  readonly id: number;
  name: string;
  readonly fingerprint: string;
  readonly public_key: string;
}

const bodySchema = z.object({ name: z.string().min(1), public_key: z.string() });
const LINE = /^(ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})( .*)?$/;

/** The account's SSH public keys, which droplets name by id or fingerprint. */
export class KeyRing {
  readonly #keys: AccountKey[] = [];

  list(): readonly AccountKey[] {
    return this.#keys;
  }

  /** @throws ApiError 404 */
  get(reference: string): AccountKey {
    const key = this.#keys.find(({ id, fingerprint }) => String(id) === reference || fingerprint === reference);
    if (key === undefined) throw notFound();
    return key;
  }

  /** @throws ApiError 422 when it is no OpenSSH public key, or there already */
  add(name: string, line: string): AccountKey {
    const match = LINE.exec(line.trim());
    if (match === null) throw unprocessable("Key invalid, key should be of the format `type key [comment]`");
    const digest = createHash("md5")
      .update(Buffer.from(match[2] ?? "", "base64"))
      .digest("hex"); // DigitalOcean's form of a fingerprint
    const fingerprint = digest.replaceAll(/(..)(?=.)/g, "$1:");
    if (this.#keys.some((key) => key.fingerprint === fingerprint))
      throw unprocessable("SSH Key is already in use on your account");
    const key = { id: 5_000_001 + this.#keys.length, name, fingerprint, public_key: line.trim() };
    this.#keys.push(key);
    return key;
  }

  remove(reference: string): void {
    this.#keys.splice(this.#keys.indexOf(this.get(reference)), 1);
  }

  /** The OpenSSH lines behind ids and fingerprints. @throws ApiError 422 naming those that are unknown */
  resolve(references: readonly string[]): string[] {
    const unknown = references.filter(
      (r) => !this.#keys.some(({ id, fingerprint }) => String(id) === r || fingerprint === r),
    );
    if (unknown.length > 0)
      throw unprocessable(`${unknown.join(", ")} are invalid key identifiers for Droplet creation.`);
    return references.map((reference) => this.get(reference).public_key);
  }
}

/** /v2/account/keys. */
export function keyRoutes(keys: KeyRing): Hono {
  const app = new Hono();
  app.post("/", async (context) => {
    const parsed = bodySchema.safeParse(await jsonBody(context));
    if (!parsed.success) throw unprocessable("expected name and public_key");
    return context.json({ ssh_key: keys.add(parsed.data.name, parsed.data.public_key) }, 201);
  });
  app.get("/", (context) => context.json(page(context, "ssh_keys", keys.list(), (key) => key)));
  app.get("/:key", (context) => context.json({ ssh_key: keys.get(context.req.param("key")) }));
  app.delete("/:key", (context) => {
    keys.remove(context.req.param("key"));
    return context.body(null, 204);
  });
  return app;
}
