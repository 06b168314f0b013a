/** Deliveries by `pull` between the agent's core and whole hosts: several hosts, liars, rotations, damaged files, lost messages. */
import { encodePacketAnswer, keyPair, parsePacketAnswer } from "@bootseed/protocol";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { enrolledMachine, type TestMachine } from "./testing/machine.ts";
import { type TopUp, topUpAll } from "./topup.ts";
import type { Answer } from "./world.ts";

const topUp = async (vm: TestMachine, now = true): Promise<TopUp[]> => topUpAll(vm.world, vm.stateDir, now);
const outcomes = async (vm: TestMachine): Promise<string[]> =>
  (await topUp(vm)).map((host) => (host.outcome === "failed" ? host.code : host.outcome));

describe("a top-up", () => {
  it("persists the counter, mixes 64 bytes, and has its receipt taken", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    expect(await topUp(vm)).toMatchObject([{ outcome: "delivered", delivery: { counter: 1, receipt: 204 } }]);
    expect(vm.requested).toEqual(["/v1/packets", "/v1/receipts"]);
    expect(vm.mixed.map((hash) => hash.length)).toEqual([64]);
    expect([...(vm.folder.read("counter") ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("makes its receive key of bytes that it reads after the reseed", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const made = new Uint8Array(32).fill(9);
    const order: string[] = [];
    let shown: Uint8Array = new Uint8Array(0);
    const { kernel, network } = vm.world;
    Object.assign(vm.world, {
      random: (bytes: number) => (order.push(`read ${bytes}`), made.slice(0, bytes)),
      kernel: { ...kernel, reseed: async () => (order.push("reseed"), kernel.reseed()) },
      network: {
        connect: async (address: string) => {
          const connection = await network.connect(address);
          const post = async (path: string, body: Uint8Array): Promise<Answer> => {
            if (path === "/v1/packets") shown = body.slice(18, 50);
            return connection.post(path, body);
          };
          return { ...connection, post };
        },
      },
    });
    expect(await outcomes(vm)).toEqual(["delivered"]);
    expect(order).toEqual(["reseed", "read 32"]);
    expect([...shown]).toEqual([...keyPair("x25519", made).publicKey]);
  });

  it("leaves no one-time key and no mixed bytes in memory", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const secrets: Uint8Array[] = [];
    const { kernel } = vm.world;
    const random = vm.world.random.bind(vm.world);
    const kept = (bytes: Uint8Array): Uint8Array => (secrets.push(bytes), bytes);
    Object.assign(vm.world, {
      random: (bytes: number) => kept(random(bytes)),
      kernel: {
        reseed: async () => kernel.reseed(),
        mixAndReseed: async (hash64: Uint8Array) => kernel.mixAndReseed(kept(hash64)),
      },
    });
    expect(await outcomes(vm)).toEqual(["delivered"]);
    expect(secrets.map((bytes) => bytes.some((byte) => byte !== 0))).toEqual([false, false]);
  });

  it("shows its certificate to a host that lost its database", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    await topUp(vm);
    bench.restart("lost");
    expect(await outcomes(vm)).toEqual(["delivered"]);
    expect(vm.requested.slice(2)).toEqual(["/v1/packets", "/v1/packets", "/v1/receipts"]);
    expect(vm.folder.counter()).toBe(2);
  });

  it("is acknowledged although the receipt got lost", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const lost = (path: string, answer: { status: number; body: Uint8Array }): typeof answer => {
      if (path === "/v1/receipts") throw new Error("the line is dead");
      return answer;
    };
    vm.servers.set("127.0.0.1:7443", { bench, answers: lost });
    expect(await topUp(vm)).toMatchObject([{ outcome: "delivered", delivery: { counter: 1, receipt: 0 } }]);
    vm.servers.set("127.0.0.1:7443", { bench });
    expect(await topUp(vm)).toMatchObject([{ outcome: "delivered", delivery: { counter: 2, receipt: 204 } }]);
  });

  it("takes no packet twice, and none of a liar", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    let recorded: Uint8Array | null = null;
    const replay = (path: string, answer: { status: number; body: Uint8Array }): typeof answer => {
      if (path !== "/v1/packets") return answer;
      recorded ??= answer.body;
      return { status: 200, body: recorded };
    };
    vm.servers.set("127.0.0.1:7443", { bench, answers: replay });
    expect(await outcomes(vm)).toEqual(["delivered"]);
    expect(await outcomes(vm)).toEqual(["bad-signature"]);
    const packet = new Uint8Array(parsePacketAnswer(recorded ?? new Uint8Array(0)).packet.length);
    recorded = encodePacketAnswer({ statements: [], packet });
    expect(await outcomes(vm)).toEqual(["bad-version"]);
    expect(vm.mixed).toHaveLength(1);
    expect(vm.folder.notes()).toMatchObject({ "bad-signature": 1, "bad-version": 1 });
    expect(vm.folder.counter()).toBe(1);
  });

  it("sends nothing but hostId and serial to a server that is not pinned", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    vm.servers.set("127.0.0.1:7443", { bench, pin: new Uint8Array(32).fill(9) });
    expect(await outcomes(vm)).toEqual(["pin"]);
    expect(new Set(vm.requested)).toEqual(new Set(["/v1/statements"]));
  });

  it("comes from one host while another answers at the address of two more", async () => {
    await using bench = new Bench();
    await using lost = new Bench();
    await using moved = new Bench();
    using vm = await enrolledMachine(bench);
    for (const host of [lost, moved]) {
      using other = await enrolledMachine(host);
      cpSync(other.at("."), vm.at(`../${other.folder.path.slice(-16)}`), { recursive: true });
    }
    const result = await topUp(vm);
    expect(result.filter(({ outcome }) => outcome === "failed")).toMatchObject([
      { code: "http-403" },
      { code: "http-403" },
    ]);
    expect(result.find(({ outcome }) => outcome === "delivered")?.hostId).toBe(vm.folder.path.slice(-16));
    expect(vm.mixed).toHaveLength(1);
  });
});

describe("when it is due", () => {
  it("is asked for after nine tenths of the interval, and when the clock was set back", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    expect(await topUp(vm, false)).toMatchObject([{ outcome: "delivered" }]);
    expect(await topUp(vm, false)).toMatchObject([{ outcome: "skipped" }]);
    vm.skewMs = vm.folder.statement().intervalMs * 0.89;
    expect(vm.folder.due()).toBe(false);
    vm.skewMs = vm.folder.statement().intervalMs * 0.91;
    expect(vm.folder.due()).toBe(true);
    vm.skewMs = -60_000;
    expect(vm.folder.due()).toBe(true);
  });
});

describe("a damaged file is put aside, said and counted", () => {
  it.each([
    ["counter", ["delivered"]],
    ["topup.json", ["delivered"]],
    ["psk", ["state-psk"]],
    ["identity", ["state-identity"]],
    ["certificate", ["not enrolled"]],
    ["statement", ["state-statement"]],
  ])("%s: %j", async (name, expected) => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const damage = Buffer.from("torn");
    writeFileSync(vm.at(name), damage);
    expect(await outcomes(vm)).toEqual(expected);
    expect(readFileSync(vm.at(`${name}.corrupt`))).toEqual(damage);
    expect(existsSync(vm.at(name))).toBe(expected[0] === "delivered");
    expect(vm.folder.notes()[`state-${name}`]).toBe(1);
    expect(vm.said.filter((line) => line.includes(`${name} is damaged`))).toHaveLength(1);
  });

  it("statement: falls back to the one that signed the certificate", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    await topUp(vm);
    expect(vm.folder.read("issuer")).toEqual(vm.folder.read("statement"));
    writeFileSync(vm.at("statement"), "torn");
    expect(await outcomes(vm)).toEqual(["delivered"]);
    expect(vm.folder.notes()).toMatchObject({ "state-statement": 1 });
  });

  it.each([
    ["at the end of its range", Buffer.from([0, 31, 255, 255, 255, 255, 255, 255])],
    ["seven bytes", Buffer.alloc(7)],
    ["nine bytes", Buffer.alloc(9)],
  ])("counter: %s", async (_, bytes) => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    writeFileSync(vm.at("counter"), bytes);
    expect(await outcomes(vm)).toEqual(["delivered"]);
    expect(vm.folder.notes()).toMatchObject({ "state-counter": 1 });
  });
});

describe("what is no damage", () => {
  /** After this, seconds, the quota is whole again. */
  const DAY = 86_400;
  const failing = (vm: TestMachine, name: string, code: string): TestMachine["world"] => ({
    ...vm.world,
    disk: {
      ...vm.world.disk,
      read: (path) => {
        if (path.endsWith(`/${name}`)) throw Object.assign(new Error(`${code}: ${path}`), { code });
        return vm.world.disk.read(path);
      },
    },
  });

  it.each(["counter", "statement", "certificate", "psk", "identity"])(
    "C1 (tpm2-software/tpm2-pkcs11#684): %s cannot be read: no file is renamed, and afterwards all goes on",
    async (name) => {
      await using bench = new Bench();
      using vm = await enrolledMachine(bench);
      expect(await outcomes(vm)).toEqual(["delivered"]);
      const before = readdirSync(vm.at("."));
      for (const code of ["EIO", "EACCES", "EMFILE", "ERR_OSSL_EVP_UNSUPPORTED"])
        expect(await topUpAll(failing(vm, name, code), vm.stateDir, true)).toMatchObject([{ outcome: "failed", code }]);
      expect(readdirSync(vm.at("."))).toEqual(before);
      bench.clock.now += DAY;
      expect(await outcomes(vm)).toEqual(["delivered"]);
    },
  );

  it.each(["topup.json", "issuer", "instance", "spent", "identity.pub"])(
    "%s cannot be read: the delivery goes on",
    async (name) => {
      await using bench = new Bench();
      using vm = await enrolledMachine(bench);
      expect(await outcomes(vm)).toEqual(["delivered"]);
      const before = readdirSync(vm.at("."));
      const world = failing(vm, name, "EIO");
      expect(await topUpAll(world, vm.stateDir, true)).toMatchObject([{ outcome: "delivered" }]);
      expect(readdirSync(vm.at("."))).toEqual(before);
      bench.clock.now += DAY;
      expect(await outcomes(vm)).toEqual(["delivered"]);
    },
  );

  it("a folder in a file's place is put aside, in place of an older one", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    for (const name of ["counter", "topup.json", "tmp", "counter.corrupt"])
      for (let turn = 0; turn < 2; turn++) {
        rmSync(vm.at(name), { force: true, recursive: true });
        mkdirSync(vm.at(`${name}/x`), { recursive: true });
        bench.clock.now += DAY;
        expect(await outcomes(vm), name).toEqual(["delivered"]);
      }
  });
});

describe("a copy of another machine's disk", () => {
  it("C31 (trailofbits/dropkit#53): sends no request, and logs which instance is enrolled", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const world = { ...vm.world, instanceIds: ["another", "machine-id"] };
    expect(await topUpAll(world, vm.stateDir, true)).toMatchObject([{ outcome: "failed", code: "instance" }]);
    expect(vm.requested).toEqual([]);
    const told = vm.said.filter((line) => line.includes("enrolment belongs to another instance"));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/generalize.*join again/);
    expect(await topUpAll({ ...world, instanceIds: ["x", "id-web"] }, vm.stateDir, true)).toMatchObject([
      { outcome: "delivered" },
    ]);
  });
});
