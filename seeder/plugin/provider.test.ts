import { expect, it } from "vitest";
import { ownArgs } from "./provider.ts";

const droplet = { image: "debian-12-x64", size: "s-1vcpu-1gb" };
const pin = "00".repeat(32);
const [first, second] = [`https://a.example:7445#sha256=${pin}`, `https://b.example:7445#sha256=${pin}`];
const socket = "unix:///run/bootseed/mint.sock";

it("leaves the hosts to the configuration where none are named", () => {
  expect(ownArgs({ ...droplet })).toEqual(droplet);
});

it("shows the token to the one https host, and to no other", () => {
  expect(ownArgs({ ...droplet, hosts: [socket, first], token: "t" })).toEqual({
    ...droplet,
    hosts: [socket, { url: first, token: "t" }],
  });
});

it.each([
  ["no https host", { hosts: [socket], token: "t" }, /one https:\/\/ host .* got 0/],
  ["a token and no hosts", { token: "t" }, /got 0: pulumi config set --secret bootseed:token/],
  ["a token for two", { hosts: [first, second], token: "t" }, /got 2/],
  ["hosts that are no list", { hosts: "x" as unknown as string[] }, /plain strings/],
  ["another word for wrap", { wrap: "always" }, /expected "auto" or "force", got "always"/],
])("refuses %s, and never names the token as what is wrong", (_what, more, sentence) => {
  const refused = (): unknown => ownArgs({ ...droplet, ...more });
  expect(refused).toThrow(sentence);
  // The engine would print it.
  expect(refused).toThrow(expect.objectContaining({ propertyPath: expect.not.stringMatching(/^token$/) as unknown }));
});
