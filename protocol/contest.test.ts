import { expect, it } from "vitest";
import { wordsOf } from "./contest.ts";

it("only an IP address is an address: a host of version 0.2 took a name in its place", () => {
  const words = wordsOf({ name: "web-7", addresses: ["192.0.2.7", "2001:DB8::7", "github.com", "127.1"] });
  expect([...words]).toEqual([
    ["192.0.2.7", "address"],
    ["2001:db8::7", "address"],
    ["github.com", "name"],
    ["web-7", "name"],
  ]);
});
