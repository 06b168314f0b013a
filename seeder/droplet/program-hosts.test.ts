import { describe, expect, it } from "vitest";
import { programHosts, type Surroundings } from "./program-hosts.ts";

const A = "unix:///run/a.sock";
const B = "unix:///run/b.sock";
const PINNED = `https://b.example:7445#sha256=${"ab".repeat(32)}`;

const around = (config: Record<string, string>, env: Record<string, string> = {}, secret = true): Surroundings => ({
  config: (key) => config[key],
  isSecret: () => secret,
  env,
});

describe("programHosts", () => {
  it("takes what the program names, else the stack's configuration, else the environment", () => {
    const everywhere = around(
      { hosts: JSON.stringify([A, B]), minHosts: "1" },
      { BOOTSEED_HOST: "unix:///run/e.sock" },
    );
    expect(programHosts({ host: A }, everywhere)).toMatchObject({ hosts: [A], minHosts: 1 });
    expect(programHosts({}, everywhere)).toMatchObject({ hosts: [A, B], minHosts: 1 });
    expect(programHosts({ minHosts: 2 }, everywhere)).toMatchObject({ hosts: [A, B], minHosts: 2 });
    expect(programHosts({}, around({ host: B }))).toMatchObject({ hosts: [B], minHosts: 1 });
    expect(programHosts({}, around({ minHosts: "3" }, { BOOTSEED_HOST: A }))).toMatchObject({ hosts: [A] });
  });

  it.each([
    [{}, {}, /^expected a host: unix:/],
    [{}, { BOOTSEED_HOST: "" }, /^expected a host: unix:/],
    [{ host: A, hosts: `["${B}"]` }, {}, /^expected host or hosts, got both/],
    [{ hosts: "unix:///canary" }, {}, /^expected bootseed:hosts to be JSON: \S+$/],
    [{ hosts: `["${A}"]`, minHosts: "two" }, {}, /^expected minHosts from 1 to 1, .* got NaN/],
    [{}, { BOOTSEED_HOST: "http://h" }, /^expected a host like unix:/],
  ])("refuses %j %j", (config, env, why) => {
    expect(() => programHosts({}, around(config, env))).toThrow(why);
  });

  it("a token among the hosts of the configuration has to be a secret", () => {
    const hosts = { hosts: JSON.stringify([{ url: PINNED, token: "canary" }]) };
    expect(programHosts({}, around(hosts)).credentials.get(PINNED)).toEqual({ token: "canary" });
    expect(() => programHosts({}, around(hosts, {}, false))).toThrow(
      /^a token lies in clear .*--secret bootseed:hosts$/,
    );
    const files = { hosts: JSON.stringify([{ url: PINNED, tokenFile: "/run/t" }]) };
    expect(programHosts({}, around(files, {}, false)).credentials.get(PINNED)).toEqual({ tokenFile: "/run/t" });
  });
});
