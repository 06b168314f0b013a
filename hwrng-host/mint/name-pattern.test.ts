import { describe, expect, it } from "vitest";
import { nameAllowed, namesProblem } from "./name-pattern.ts";

describe("names of a join token", () => {
  it.each([
    ["db-1", 1],
    ["DB-1.example.net", 1],
    ["worker-*", 20],
    ["w*", 2],
    ["web-*.example.net", 20],
  ])("%s for %i machines is taken", (names, uses) => expect(namesProblem(names, uses)).toBeNull());
  it.each([
    ["*", 20, /begins with a letter/],
    ["**", 20, /begins with a letter/],
    ["*-db", 20, /begins with a letter/],
    ["a*b*", 20, /one \*/],
    ["-*", 20, /begins with a letter/],
    ["worker-*", 1, /one machine has one name/],
    ["worker", 20, /20 machines cannot have one name: .*worker-\*/],
    ["203.0.113.*", 20, /IP addresses/],
    ["1*", 20, /IP addresses/],
    ["0x7*", 20, /IP addresses/],
    ["203.0.113.9", 1, /203\.0\.113\.9 is an IP address/],
    ["2130706433", 1, /is an IP address/],
    ["127.1", 1, /is an IP address/],
    ["::1", 1, /is an IP address/],
    ["[::1]", 1, /is an IP address/],
    ["a b", 1, /letters, digits/],
    ["a,b", 1, /letters, digits/],
    ["", 1, /letters, digits/],
    ["_x", 1, /letters, digits/],
    ["x".repeat(64), 1, /1 to 63/],
    [`${"x".repeat(63)}*`, 20, /begins with/],
  ])("%j for %i machines is refused", (names, uses, why) => expect(namesProblem(names, uses)).toMatch(why));

  it.each([
    ["db-1", "db-1"],
    ["db-1", "DB-1"],
    ["DB-1", "db-1"],
    ["worker-*", "worker-1"],
    ["worker-*", "Worker-eu-1"],
    ["web-*.example.net", "web-7.example.net"],
  ])("%s allows %s", (names, given) => expect(nameAllowed(names, given)).toBe(given));
  it.each([
    ["db-1", "db-2"],
    ["db-1", "db-1.example.net"],
    ["db-1", "github.com"],
    ["worker-*", "worker-"],
    ["worker-*", "worker-1.example.net"],
    ["worker-*", "worker"],
    ["worker-*", "db-1"],
    ["worker-*", ""],
    ["a*a", "a"],
    ["a*a", "aa"],
    ["web-*.example.net", "web-7.evil.example.net"],
    ["web-*.example.net", "web-7.example.net.evil"],
    ["2*", "203"],
    ["0*", "0x7f"],
  ])("%s does not allow %j", (names, given) => expect(nameAllowed(names, given)).toBeNull());
  it("a machine that leaves the choice to the host gets the token's only name", () => {
    expect(nameAllowed("db-1", "")).toBe("db-1");
  });
});
