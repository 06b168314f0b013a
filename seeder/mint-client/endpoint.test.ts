import { describe, expect, it } from "vitest";
import { parseEndpoint } from "./endpoint.ts";

const PIN = "0123456789abcdef".repeat(4);

describe("an endpoint", () => {
  it.each([
    ["unix:///run/bootseed/mint.sock", { kind: "unix", socketPath: "/run/bootseed/mint.sock" }],
    [`https://mint.example:7445#sha256=${PIN}`, { kind: "https", host: "mint.example", port: 7445, pins: [PIN] }],
    [`https://[2001:db8::7]:443/#sha256=${PIN.toUpperCase()}`, { kind: "https", host: "2001:db8::7", pins: [PIN] }],
    [
      `https://192.0.2.1:7445#sha256=${PIN}&sha256=${"f".repeat(64)}`,
      { shown: "https://192.0.2.1:7445", pins: [PIN, "f".repeat(64)] },
    ],
    ["ssh://mint@host.example", { kind: "ssh", user: "mint", host: "host.example", port: undefined }],
    ["ssh://host:2222", { user: undefined, host: "host", port: 2222 }],
    ["ssh://me@[::1]:2222", { host: "::1", port: 2222 }],
  ])("%s", (url, expected) => expect(parseEndpoint(url)).toMatchObject(expected));

  it.each([
    "https://mint.example:7445",
    `https://mint.example#sha256=${PIN}`,
    `https://mint.example:7445#sha256=${PIN}0`,
    `https://mint.example:7445#sha1=${PIN}`,
    `https://user:pass@mint.example:7445#sha256=${PIN}`,
    `https://mint.example:70000#sha256=${PIN}`,
    `http://mint.example:7445#sha256=${PIN}`,
    "ssh://-oProxyCommand=evil",
    "ssh://-l@host",
    "ssh://a@-host",
    "ssh://a@host:0",
    "ssh://a@host/path",
    "ssh://a b@host",
    "ssh://a@host\n",
    "unix://relative",
  ])("%j is refused", (url) => expect(() => parseEndpoint(url)).toThrow(/^expected a (host like unix:|port from 1)/));

  it.each([
    `https://CANARY@mint.example:7445#sha256=${PIN}`,
    `https://user:CANARY/@mint.example:7445#sha256=${PIN}`,
    `https://mint.example:7445?token=CANARY#sha256=${PIN}`,
    `https://mint.example:7445/?token=CANARY`,
    "ssh://user:CANARY@host",
  ])("a secret in %j is not repeated", (url) => {
    expect(() => parseEndpoint(url)).toThrow(/^expected a host like unix:((?!CANARY).)*$/);
  });
});
