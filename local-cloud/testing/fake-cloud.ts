import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi } from "../api.ts";
import type { DropletEvent } from "../droplet.ts";
import { TRACE } from "../fidelity/trace.ts";
import { Fleet } from "../fleet.ts";
import { fakeImages, fakeLauncher, type FakeLauncher } from "./fake-launcher.ts";

/** An API over fake VMs, called without a socket. */
export interface FakeCloud {
  readonly fake: FakeLauncher;
  readonly fleet: Fleet;
  readonly dir: string;
  readonly events: { readonly id: number; readonly event: DropletEvent }[];
  /** one request with a token; the answer's status and JSON (null for none) */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; json: Json }>;
  remove(): void;
}

/** JSON as a test looks at it. */
// oxlint-disable-next-line typescript/no-explicit-any -- whatever the API answered; the assertions are the types
export type Json = any;

/** The body of a create as recorded from the official provider. */
export const RECORDED_CREATE: Readonly<Record<string, unknown>> = TRACE[0]?.calls[0]?.body ?? {};

/** @param bootDeadlineMs of the fleet */
export function fakeCloud(bootDeadlineMs = 60_000): FakeCloud {
  const fake = fakeLauncher();
  const images = fakeImages();
  const dir = mkdtempSync(join(tmpdir(), "local-cloud-"));
  const events: FakeCloud["events"] = [];
  const fleet = new Fleet({
    images,
    dir,
    sshPort: 0, // "any": always free, so tests may run beside each other
    bootDeadlineMs,
    parallelBoots: 1,
    authorizedKeys: ["ssh-ed25519 AAAA operator"],
    launcher: fake.launcher,
    onEvent: (droplet, event) => void events.push({ id: droplet.id, event }),
    firstId: 1001,
  });
  const app = createApi(fleet, images);
  return {
    fake,
    fleet,
    dir,
    events,
    call: async (method, path, body, headers = { authorization: "Bearer test" }) => {
      const init = {
        method,
        headers,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      };
      const response = await app.request(path, init);
      const text = await response.text();
      return { status: response.status, json: text === "" ? null : JSON.parse(text) };
    },
    remove: () => {
      for (const folder of [dir, images]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
