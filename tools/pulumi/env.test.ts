import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { pulumiEnv, type PulumiEnvOptions } from "./env.ts";
import { writeStandIns } from "./stand-ins.ts";

const base: PulumiEnvOptions = {
  bin: "/engine",
  nodeBin: "/node",
  home: "/home/of/ours",
  backend: "/state",
  passphrase: "p",
  api: "http://127.0.0.1:4100",
};

afterEach(() => vi.unstubAllEnvs());

describe("pulumiEnv", () => {
  it("drops everything that could lead to an account", () => {
    for (const name of ["PULUMI_ACCESS_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "SPACES_ACCESS_KEY_ID", "HTTPS_PROXY"]) {
      vi.stubEnv(name, "inherited");
    }
    vi.stubEnv("DIGITALOCEAN_TOKEN", "inherited");
    vi.stubEnv("HOME", "/home/of/the/user");
    const env = pulumiEnv(base);
    expect(Object.values(env)).not.toContain("inherited");
    expect(env).toMatchObject({
      HOME: "/home/of/ours",
      PULUMI_HOME: "/home/of/ours",
      PULUMI_BACKEND_URL: "file:///state",
      DIGITALOCEAN_API_URL: "http://127.0.0.1:4100",
      DIGITALOCEAN_TOKEN: "loopback-only",
    });
    expect(env["PATH"]).toMatch(/^\/engine:\/node:/);
  });
  it("leaves the provider's retries as they are by default, and shortens only the wait before them", () => {
    const retries = (env: Record<string, string>): string[] =>
      Object.entries(env).flatMap(([name, value]) => (name.includes("RETRY") ? [`${name}=${value}`] : []));
    expect(retries(pulumiEnv(base))).toEqual([]);
    const shortened = pulumiEnv({ ...base, retryWaitSeconds: 0.02 });
    expect(retries(shortened)).toEqual(["DIGITALOCEAN_HTTP_RETRY_WAIT_MIN=0.02"]);
  });
  it.each([
    "https://api.digitalocean.com",
    "http://api.digitalocean.com",
    "http://127.0.0.1.example.com",
    "http://10.0.0.1",
    "x",
    "",
  ])("refuses the endpoint %j", (api) => {
    expect(() => pulumiEnv({ ...base, api })).toThrow(/refusing to reach a real account/);
  });
  it.each(["DIGITALOCEAN_TOKEN", "PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL"])(
    "refuses %s by the back door",
    (name) => {
      expect(() => pulumiEnv({ ...base, extra: { [name]: "x" } })).toThrow(RangeError);
    },
  );
});

describe("writeStandIns", () => {
  it("writes executables for what is asked for, and says what they are", () => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-stand-ins-"));
    writeStandIns(dir, "/node", ["provider"]);
    const file = join(dir, "pulumi-resource-digitalocean");
    expect(statSync(file).mode & 0o777).toBe(0o755);
    expect(readFileSync(file, "utf8")).toMatch(/^#!\/bin\/sh\n# stand-in/);
    expect(() => statSync(join(dir, "pulumi-language-nodejs"))).toThrow(/ENOENT/);
    rmSync(dir, { recursive: true });
  });
});
