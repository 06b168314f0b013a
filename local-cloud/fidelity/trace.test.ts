import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { startLocalCloud, type LocalCloud } from "../server.ts";
import { fakeImages, fakeLauncher } from "../testing/fake-launcher.ts";
import { SHAPES, TRACE, type Call } from "./trace.ts";

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

const names = new Map<string, string>();
/** `{name}`; `"{#name}"` where the API wants a number. */
const filled = (text: string): string =>
  text
    .replaceAll(/"\{#(\w+)\}"/g, (_, name: string) => names.get(name) ?? "?")
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => names.get(name) ?? "?");
const at = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce((inner, step) => (inner as Record<string | number, unknown>)[step], value);

/** Complaints about an answer, by DigitalOcean's specification; none is good. */
function complaints(shape: NonNullable<Call["shape"]>, json: unknown): string[] {
  const schema = z.fromJSONSchema({ $ref: `#/$defs/${shape}`, $defs: SHAPES } as never);
  const { error } = schema.safeParse(json);
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("the official provider's calls, replayed over HTTP", { concurrent: false }, () => {
  let cloud: LocalCloud, dir: string, images: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "local-cloud-"));
    images = fakeImages();
    const { launcher } = fakeLauncher();
    cloud = await startLocalCloud({ images, dir, sshPort: 0, launcher, onEvent: () => undefined });
  });
  afterAll(async () => {
    await cloud.stop();
    for (const folder of [dir, images]) rmSync(folder, { recursive: true, force: true });
  });

  const send = async (call: Call): Promise<Answer> => {
    const [method = "", path = ""] = filled(call.send).split(" ");
    const init = { method, headers: { authorization: "Bearer test", "content-type": "application/json" } };
    const body = call.body === undefined ? {} : { body: filled(JSON.stringify(call.body)) };
    const response = await fetch(cloud.api + path, { ...init, ...body });
    const text = await response.text();
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
  };
  const expectAnswer = ({ status, json }: Answer, call: Call): void => {
    expect(status).toBe(call.status);
    if (call.shape === undefined) expect(json).toBeUndefined();
    else expect(complaints(call.shape, json)).toEqual([]);
    if (call.has !== undefined) expect(json).toMatchObject(call.has);
    if (call.until !== undefined) expect(json).toMatchObject(call.until);
    if (call.says !== undefined) expect((json as { message: string }).message.startsWith(call.says)).toBe(true);
  };

  it.each(TRACE)("$name", async ({ calls }) => {
    for (const call of calls) {
      const answered = async (): Promise<Answer> => {
        const answer = await send(call);
        expectAnswer(answer, call);
        return answer;
      };
      const { json } = await (call.until === undefined ? answered() : vi.waitFor(answered));
      for (const [name, path] of Object.entries(call.keep ?? {})) names.set(name, String(at(json, path)));
    }
  });
});

describe("the shapes", () => {
  const region = { name: "Amsterdam 3", slug: "ams3", features: [], available: true, sizes: [] };
  const action = {
    id: 1,
    status: "completed",
    type: "reboot",
    started_at: "2026-01-01T00:00:00Z",
    completed_at: null,
    resource_id: 2,
    resource_type: "droplet",
    region,
    region_slug: "ams3",
  };
  it.each([
    ["a right one", {}, []],
    ["a field of our own", { extra: 1 }, [/Unrecognized key/]],
    ["a missing field", { region: { ...region, slug: undefined } }, [/action\.region\.slug: /]],
    ["a wrong type", { id: "1" }, [/action\.id: /]],
    ["another status", { status: "done" }, [/action\.status: /]],
    ["another time", { started_at: "yesterday" }, [/action\.started_at: /]],
  ])("find %s", (_, change, expected) => {
    const found = complaints("OneAction", { action: { ...action, ...change } });
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as unknown));
  });
});
