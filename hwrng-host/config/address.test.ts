import { describe, expect, it } from "vitest";
import { dialProblem, listenProblem, splitAddress } from "./address.ts";

const FORM = "expected host:port, such as host.example.net:7443";

describe("an address that VMs dial", () => {
  it.each([
    "192.0.2.1:7443",
    "[2001:db8::1]:7443",
    "[::ffff:192.0.2.1]:1",
    "host.example.net:65535",
    "host.example.net.:7443",
    "my_host:7443",
    "xn--bcher-kva.example:7443",
    "7.example:7443",
  ])("%s is taken", (address) => expect(dialProblem(address)).toBeNull());

  it.each([
    ["https://h.example.net:7443", "expected host:port, such as h.example.net:7443, without https://"],
    ["https://h.example.net", "expected host:port, such as h.example.net:7443, without https://"],
    ["HTTPS://192.0.2.1:7443/", `${FORM}, without HTTPS://`],
    ["unix:///run/x:1", `${FORM}, without unix://`],
    ["root@h.example.net:7443", "expected host:port, such as h.example.net:7443, without a user name"],
    ["h.example.net:7443/path", "expected host:port, such as h.example.net:7443, without a path"],
    ["h.example.net/p:7443", "expected host:port, such as h.example.net:7443, without a path"],
    ["h?x:7443", "expected host:port, such as h:7443, without a path"],
    ["h#sha256=x:7443", "expected host:port, such as h:7443, without a path"],
    [" h.example.net:7443", `${FORM}, without spaces`],
    ["h.example.net:7443\n", `${FORM}, without spaces`],
    ["a b:7443", `${FORM}, without spaces`],
    ["h.example.net", "expected host:port, such as h.example.net:7443"],
    ["192.0.2.1", FORM],
    ["h.example.net:", "expected host:port, such as h.example.net:7443"],
    [":7443", FORM],
    ["", FORM],
    ["2001:db8::1", "expected an IPv6 address in brackets and a port, such as [2001:db8::1]:7443"],
    ["fe80::1%eth0:7443", FORM],
    ["2001:db8:0:0:0:0:0:1:7443", "expected an IPv6 address in brackets, such as [2001:db8:0:0:0:0:0:1]:7443"],
    ["[fe80::1%eth0]:7443", FORM],
    ["[192.0.2.1]:7443", FORM],
    ["[h.example.net]:7443", FORM],
    ["[2001:db8::1:7443", FORM],
    ["h.example.net]:7443", FORM],
    ["192.0.2.1]:7443", FORM],
    ["[[2001:db8::1]]:7443", FORM],
    ["h.example.net:0", "expected a port from 1 to 65535"],
    ["h.example.net:65536", "expected a port from 1 to 65535"],
    ["h.example.net:+1", FORM],
    ["h.example.net:1e3", FORM],
    ["127.1:7443", FORM],
    ["0x7f.1:7443", FORM],
    ["256.0.0.1:7443", FORM],
    ["a..b:7443", FORM],
    ["-a:7443", FORM],
    ["bücher.example:7443", FORM],
    [`${"a".repeat(64)}:7443`, FORM],
    ["h.example.net:7443,192.0.2.1:7443", FORM],
  ])("%j is refused", (address, problem) => expect(dialProblem(address)).toBe(problem));
});

describe("an address to listen at", () => {
  it.each(["0.0.0.0:7443", "127.0.0.1:0", "[::]:7443", "[::1]:65535", "localhost:7443"])("%s is taken", (address) =>
    expect(listenProblem(address)).toBeNull(),
  );

  it.each([
    "7443",
    "localhost",
    "0.0.0.0",
    "host.example.net:7443",
    "https://0.0.0.0:7443",
    "::1:7443",
    "[::1]",
    "[127.0.0.1]:7443",
    "[::1:7443",
    "127.0.0.1]:7443",
    "[localhost]:7443",
    "127.1:7443",
    " 0.0.0.0:7443",
    "0.0.0.0:7443 ",
    "0.0.0.0:74430 ",
    "[fe80::1%eth0]:7443",
  ])("%j is refused", (address) =>
    expect(listenProblem(address)).toBe("expected ADDRESS:PORT with an IP address, such as 0.0.0.0:7443 or [::]:7443"),
  );

  it("a port above 65535 is refused", () =>
    expect(listenProblem("0.0.0.0:65536")).toBe("expected a port from 0 to 65535"));
});

it("is taken apart at its last colon", () => {
  expect(splitAddress("[2001:db8::1]:7443")).toEqual({ host: "2001:db8::1", port: 7443 });
  expect(splitAddress("h:0")).toEqual({ host: "h", port: 0 });
});
