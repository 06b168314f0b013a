/** What is refused is named as it was typed, before the service is asked or a config is read: /none has none. */
import { expect, it } from "vitest";
import { HostError } from "../host-error.ts";
import { addClient } from "./client.ts";
import { addToken } from "./join-token.ts";
import { mint } from "./mint.ts";
import { push } from "./push.ts";

const config = "/none/host.yaml";
const client = (change: object, name = "ci"): Promise<string> => {
  const rest = { role: "mint", stacks: ["acme/**"], quota: undefined, expires: undefined, out: undefined };
  return addClient(name, { config, ...rest, ssh: true, ...change });
};
const token = (change: object): Promise<string> =>
  addToken({ config, name: "db-1", uses: "1", expires: "24h", out: "/none/token", ...change });
const STACK = "that is no stack's name: expected ORG/PROJECT/STACK, such as acme/web/prod, acme/*/prod, acme/** or **";
const TIME = "expected a time from 1m to 366d, in m, h or d";

it.each<[string, () => Promise<string>, string]>([
  [`--stacks acme: ${STACK}`, () => client({ stacks: ["acme/**", "acme"] }), "--stacks 'acme/**'"],
  ["--stacks acme*/x/y: a * stands for a whole", () => client({ stacks: ["acme*/x/y"] }), "--stacks 'acme/**'"],
  ["--stacks a/b/c: an admin has all stacks", () => client({ role: "admin", stacks: ["a/b/c"] }), "--stacks 'acme"],
  ["--role boss: expected mint, read or admin", () => client({ role: "boss" }), "--role read"],
  ["--quota 2000000: expected 1 to 1000000 seeds", () => client({ quota: "2000000" }), "--quota 100"],
  [`--expires 900d: ${TIME}`, () => client({ expires: "900d" }), "--expires 90d"],
  [`--expires soon: ${TIME}`, () => client({ expires: "soon" }), "--expires 90d"],
  ["client add _x: expected 1 to 63 letters", () => client({}, "_x"), "client add ci"],
  ["--name _x: expected 1 to 63 letters", () => token({ name: "_x" }), "--name db-1"],
  ["--name 127.1: 127.1 is an IP address", () => token({ name: "127.1" }), "--name db-1"],
  ["--name *: expected a pattern that begins", () => token({ name: "*", uses: "20" }), "--name 'worker-*'"],
  ["--name fleet: 20 machines cannot have one", () => token({ name: "fleet", uses: "20" }), "--name 'worker-*'"],
  ["--uses 0: expected 1 to 100000 machines", () => token({ uses: "0" }), "--uses 20"],
  [`--expires 367d: ${TIME}`, () => token({ expires: "367d" }), "--expires 24h"],
  [
    "push web-7 203.0.113.9: expected host:port, such as host.example.net:7443",
    () => push("web-7", "203.0.113.9", { config, json: false, off: false }),
    "push web-7 203.0.113.9:7444",
  ],
  [
    "--name 2130706433: a VM's name is refused if it is an IP address",
    () => mint({ config, name: "2130706433", out: "/none/x" }),
    "--name web-7",
  ],
  [
    "--name web\n7: expected 1 to 255 printable",
    () => mint({ config, name: "web\n7", out: "/none/x" }),
    "--name web-7",
  ],
])("%s", async (start, run, example) => {
  const error = await run().catch((thrown: unknown) => thrown);
  if (!(error instanceof HostError)) throw error;
  expect([error.exit, error.message.slice(0, start.length)]).toEqual([64, start]);
  expect(error.fix).toContain(`type it like this: ${example}`.replace(/: revoke/, ": join-token revoke"));
});
