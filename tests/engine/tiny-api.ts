/**
 * A mock of the cloud: the smallest DigitalOcean droplet API that an engine needs. No machine boots behind it; what is
 * real in these tests is the engine, the program and the host. `local-cloud` is the API with real machines.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface TinyDroplet {
  id: number;
  name: string;
  image: string;
  address: string;
  userData: string;
  tags: string[];
  polls: number;
}

export interface TinyApi {
  /** `http://127.0.0.1:PORT` */
  url: string;
  droplets: Map<number, TinyDroplet>;
  /** "METHOD path" of every request since the last `calls.length = 0`. */
  calls: string[];
  /** Bodies of the droplets' POSTs, in order, also of those that were refused. */
  posted: Record<string, unknown>[];
  /** How many of the next POSTs are answered 503. */
  refusePosts: number;
  /** Called with each droplet that was made; a stand-in guest hangs here. */
  onCreate: (droplet: TinyDroplet) => void;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>);
}

const shown = (droplet: TinyDroplet): Record<string, unknown> => ({
  id: droplet.id,
  name: droplet.name,
  // Not active at the first look: the provider has to ask again, as with the real API.
  status: droplet.polls > 1 ? "active" : "new",
  locked: droplet.polls <= 1,
  region: { slug: "ams3" },
  size: { slug: "s-1vcpu-1gb" },
  image: { slug: droplet.image },
  size_slug: "s-1vcpu-1gb",
  created_at: "2026-01-01T00:00:00Z",
  tags: droplet.tags,
  networks: {
    v4: [{ ip_address: droplet.address, type: "public", netmask: "255.0.0.0", gateway: "127.0.0.1" }],
    v6: [],
  },
});

/** @returns the running API; close it */
export async function startTinyApi(): Promise<TinyApi> {
  const droplets = new Map<number, TinyDroplet>();
  let nextId = 100;
  const server: Server = createServer((request, response) => {
    const send = (status: number, body?: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const answer = async (): Promise<void> => {
      const body = await bodyOf(request);
      const path = request.url ?? "/";
      api.calls.push(`${request.method} ${path}`);
      const [, , kind, key, sub] = path.split("/");
      if (kind === "tags") {
        const ids = ((body["resources"] ?? []) as { resource_id: string }[]).map((r) => Number(r.resource_id));
        for (const droplet of sub === undefined ? [] : ids.map((id) => droplets.get(id))) {
          if (droplet === undefined) continue;
          droplet.tags = droplet.tags.filter((tag) => tag !== key);
          if (request.method === "POST") droplet.tags.push(String(key));
        }
        return send(key === undefined ? 201 : 204, key === undefined ? { tag: { name: body["name"] } } : undefined);
      }
      if (request.method === "POST") {
        api.posted.push(body);
        if (api.refusePosts-- > 0) return send(503, { id: "service_unavailable", message: "try again" });
        const id = nextId++;
        const [name, image] = [String(body["name"]), String(body["image"])];
        const tags = (body["tags"] ?? []) as string[];
        const userData = String(body["user_data"] ?? "");
        const droplet = { id, name, image, address: `127.77.0.${id - 99}`, userData, tags: [...tags], polls: 0 };
        droplets.set(id, droplet);
        send(202, { droplet: shown(droplet) });
        return api.onCreate(droplet);
      }
      const droplet = droplets.get(Number(key));
      if (droplet === undefined) return send(404, { id: "not_found", message: "no such droplet" });
      if (request.method === "DELETE") {
        droplets.delete(droplet.id);
        return send(204);
      }
      droplet.polls++;
      return send(200, { droplet: shown(droplet) });
    };
    answer().catch((error: unknown) => send(500, { id: "mock", message: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const api: TinyApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    droplets,
    calls: [],
    posted: [],
    refusePosts: 0,
    onCreate: () => undefined,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return api;
}
