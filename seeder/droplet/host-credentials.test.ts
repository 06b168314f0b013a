import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { seedHosts } from "../mint-client/seed-hosts.ts";
import { HostCredentials, type Opening } from "./host-credentials.ts";
import type { SeedSource } from "./seed-source.ts";

const pinned = (name: string): string => `https://${name}.example:7445#sha256=${"ab".repeat(32)}`;
const [A, B, SOCKET] = [pinned("a"), pinned("b"), "unix:///run/a.sock"];

/** What opens each host of these declarations, in their order. */
async function openings(
  declared: NonNullable<SeedSource["hosts"]>[],
  { token, secret = true, env = {} }: { token?: string; secret?: boolean; env?: Record<string, string> },
): Promise<Opening[]> {
  const config = (key: string): string | undefined => (key === "token" ? token : undefined);
  const credentials = new HostCredentials({ config, isSecret: () => secret, env });
  const all = declared.map((hosts) => seedHosts<pulumi.Input<string>>({ hosts }));
  for (const from of all) credentials.claim(from);
  return Promise.all(all.flatMap((from) => from.hosts.map((url) => credentials.of(url, from))));
}

describe("what opens a host", () => {
  it("its own token or token file, whatever the stack has", async () => {
    const hosts = [
      { url: A, token: pulumi.secret("own") },
      { url: B, tokenFile: "/run/b" },
    ];
    expect(await openings([hosts], { token: "shared" })).toEqual([{ token: "own" }, { tokenFile: "/run/b" }]);
    expect(await openings([[{ url: A, token: "own" }]], {})).toEqual([{ token: "own" }]);
  });

  it("the stack's token, else the environment's file; a socket needs neither", async () => {
    const env = { BOOTSEED_TOKEN_FILE: "/run/e" };
    expect(await openings([[SOCKET, A]], { token: "shared", env })).toEqual([{}, { token: "shared" }]);
    expect(await openings([[SOCKET, A]], { env })).toEqual([{}, { tokenFile: "/run/e" }]);
    expect(await openings([[A]], {})).toEqual([{}]);
  });

  it("the shared token is shown to one host alone: the first that can be meant", async () => {
    const refused = { problem: expect.stringMatching(/are for one host alone: name its own in hosts/) as string };
    expect(await openings([[A, B]], { token: "shared" })).toEqual([refused, refused]);
    expect(await openings([[A], [B], [A]], { token: "shared" })).toEqual([
      { token: "shared" },
      { problem: expect.stringMatching(/are for https:\/\/a\.example:7445 alone/) as string },
      { token: "shared" },
    ]);
    expect(await openings([[A, { url: B, tokenFile: "/run/b" }]], { token: "shared" })).toEqual([
      { token: "shared" },
      { tokenFile: "/run/b" },
    ]);
    // Without one there is nothing to keep from anybody.
    expect(await openings([[A, B]], {})).toEqual([{}, {}]);
  });

  it("no token in clear, and none that cannot be known; neither is quoted", async () => {
    expect(await openings([[A]], { token: "canary", secret: false })).toEqual([
      { problem: expect.stringMatching(/^a token lies in clear [^]*bootseed:token$/) as string },
    ]);
    const odd: pulumi.Input<string>[] = [{ canary: 1 } as unknown as string, pulumi.unknown as unknown as string];
    for (const token of odd) {
      const [opening] = await openings([[{ url: A, token }]], {});
      expect(opening).toEqual({
        problem: expect.stringMatching(/^its token is not a text that this run knows/) as string,
      });
      expect(JSON.stringify(opening)).not.toContain("canary");
    }
  });
});
