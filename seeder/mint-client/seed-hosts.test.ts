import { describe, expect, it } from "vitest";
import { seedHosts } from "./seed-hosts.ts";

const A = "unix:///run/a.sock";
const B = "unix:///run/b.sock";
const PINNED = `https://b.example:7445#sha256=${"ab".repeat(32)}`;
const NONE = new Map();

describe("seedHosts", () => {
  it("takes one or several, and wants all of them unless told otherwise", () => {
    expect(seedHosts({ host: A })).toEqual({ hosts: [A], minHosts: 1, credentials: NONE });
    expect(seedHosts({ hosts: [A, B] })).toEqual({ hosts: [A, B], minHosts: 2, credentials: NONE });
    expect(seedHosts({ hosts: [A, B], minHosts: 1 })).toEqual({ hosts: [A, B], minHosts: 1, credentials: NONE });
  });
  it("keeps what opens a host beside it", () => {
    const hosts = [A, { url: PINNED, tokenFile: "/run/b" }];
    expect(seedHosts({ hosts })).toEqual({
      hosts: [A, PINNED],
      minHosts: 2,
      credentials: new Map([[PINNED, { tokenFile: "/run/b" }]]),
    });
  });
  it.each([
    [{}, /^expected a host: unix:/],
    [{ hosts: [] }, /^expected a host: unix:/],
    [{ host: A, hosts: [B] }, /^expected host or hosts, got both/],
    [{ hosts: [A, A] }, /named twice/],
    [{ hosts: [A, "https://b"] }, /^expected a host like unix:/],
    [{ hosts: [A, { url: A }] }, /named twice/],
    [{ hosts: [null as unknown as string] }, /^expected hosts to be a list/],
    [{ hosts: [1, 2, 3, 4, 5].map((n) => `unix:///run/${n}`) }, /^expected at most 4 hosts, got 5/],
    [{ hosts: [A, B], minHosts: 3 }, /^expected minHosts from 1 to 2, the number of hosts, got 3/],
    [{ hosts: [A, B], minHosts: 0 }, /got 0/],
    [{ hosts: A as unknown as string[] }, /^expected hosts to be a list/],
  ])("refuses %j", (input, message) => {
    expect(() => seedHosts(input)).toThrow(message);
  });
});
