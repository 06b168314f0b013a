/** A host that answers nonsense: a mock stands between the program and the real host and falsifies what that one says. */
import { join } from "node:path";
import type { ReservationsAnswer } from "@bootseed/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { errorsAmong } from "./diagnostics.ts";
import { Drill } from "./drill.ts";
import { Liar, type Lie } from "./liar.ts";

let drill: Drill;
let liar: Liar;
const there: string[] = [];

beforeAll(async () => {
  drill = await Drill.start();
  const socket = join(drill.bench.dir, "liar.sock");
  liar = await Liar.listen(drill.host.service.mintSocket, socket);
  await drill.bench.must("config", "set", "bootseed:host", `unix://${socket}`);
});
afterAll(async () => {
  await liar?.[Symbol.asyncDispose]();
  await drill?.[Symbol.asyncDispose]();
});

/** The answer to reservations, changed. */
const reservations =
  (change: (answer: ReservationsAnswer) => unknown): Lie =>
  (path, answer) =>
    path === "/v1/reservations" ? JSON.stringify(change(JSON.parse(answer) as ReservationsAnswer)) : undefined;
const zeros = (bytes: number): string => Buffer.alloc(bytes).toString("base64");

const LIES: [string, Lie, RegExp][] = [
  ["a web page", () => "<html>", /did not answer in JSON: is it a bootseed-host\?/],
  [
    "something else",
    () => '{"hello":"world"}',
    /answered \/v1\/reservations with something else at "hostId": are host and client of one version/,
  ],
  ["no seed", reservations((answer) => ({ ...answer, reservations: [] })), /left out urn:pulumi:test::/],
  [
    "zeros",
    reservations((answer) => ({
      ...answer,
      reservations: answer.reservations.map((one) => ({ ...one, pool: zeros(64) })),
    })),
    /gave no seed: seed entry: a secret is all zeros/,
  ],
  [
    "a short seed",
    reservations((answer) => ({
      ...answer,
      reservations: answer.reservations.map((one) => ({ ...one, pool: zeros(8) })),
    })),
    /something else at "reservations\.0\.pool"/,
  ],
  [
    "a statement that is none",
    reservations((answer) => ({ ...answer, statement: "bm8=" })),
    /gave no seed: statement: expected version 1, got 110/,
  ],
  ["nothing", (_, __, to) => void to.destroy(), /closed the connection before it answered/],
  [
    "less than it says",
    (_, answer, to) => {
      to.writeHead(200, { "content-length": answer.length });
      to.write(answer.slice(0, 20), () => to.destroy());
      return undefined;
    },
    /closed the connection before it answered/,
  ],
];

it.each(LIES)("%s", async (name, lie, why) => {
  const droplet = `d-${name.replaceAll(" ", "-")}`;
  await drill.declare(...there, droplet);
  liar.lie = lie;
  const said = await drill.refused(droplet);
  expect(said).toMatch(why);
  expect(said).toMatch(
    /no seed for d-[a-z-]+: host unix:\S+ .*; nothing was created; run pulumi up again when that is mended$/,
  );
  liar.lie = () => undefined;
  await drill.passes(droplet);
  there.push(droplet);
});

it("nonsense to a commit: no droplet; the seed that the host took for it goes to nobody", async () => {
  await drill.declare(...there, "late");
  liar.lie = (path) => (path.endsWith("/commit") ? "<html>" : undefined);
  const before = await drill.host.service.vms();
  const { ok, said, posts } = await drill.run("up");
  expect([ok, posts]).toEqual([false, 0]);
  const message = expect.stringMatching(/no seed for late: host unix:\S+ did not answer in JSON/) as string;
  expect(errorsAmong(said)).toEqual([{ resource: "late", severity: "error", message }]);
  liar.lie = () => undefined;
  const [lost] = (await drill.host.service.vms()).filter((vm) => !before.some(({ seedId }) => seedId === vm.seedId));
  expect(lost).toMatchObject({ name: "late", state: "committed", instanceId: null });
  await drill.passes("late");
  const [still] = (await drill.host.service.vms()).filter(({ seedId }) => seedId === lost?.seedId);
  expect(still).toEqual(lost);
});
