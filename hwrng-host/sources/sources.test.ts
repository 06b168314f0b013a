import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FakeDevice, noise } from "../testing/fake-device.ts";
import { AssessedSource } from "./assessed-source.ts";
import { HostError } from "../host-error.ts";
import { requireClass } from "./build.ts";
import { classify } from "./classify.ts";
import type { SourceClass } from "./source.ts";
import { SystemDriver } from "./system.ts";

type Bench = { source: AssessedSource; events: string[]; clock: { ms: number } };

function bench(fake: FakeDevice): Bench {
  const events: string[] = [];
  const clock = { ms: 0 };
  const source = new AssessedSource(
    fake.driver(4, "physical-raw"),
    () => clock.ms,
    (event, state) => events.push(`${event} ${state.identity}`),
  );
  return { source, events, clock };
}

describe("a class that would be ignored", () => {
  it("is refused at the start: a known device is never more than it is known to be", async () => {
    await using fake = new FakeDevice(noise(64), "virtio_rng.0");
    const start = (declared?: SourceClass) => (): void => {
      const { device, rngCurrent } = fake;
      requireClass({ driver: "hwrng", device, rngCurrent, minEntropyBits: 4, class: declared });
    };
    expect(start("physical-raw")).toThrow(/class: physical-raw would be ignored: virtio_rng\.0 is known to be chained/);
    start("chained")();
    start()();
    fake.become("tpm-rng-0");
    start("chained")();
    expect(start("physical-raw")).toThrow(HostError);
    fake.become("my-own-diode");
    start("physical-raw")();
  });
});

describe("classify", () => {
  it.each([
    ["virtio_rng.0", undefined, "chained"],
    ["virtio_rng.11", "physical-raw", "chained"],
    ["tpm-rng-0", undefined, "physical-conditioned"],
    ["tpm-rng-0", "physical-raw", "physical-conditioned"],
    ["tpm-rng-0", "chained", "chained"],
    ["my-usb-noise", undefined, "chained"],
    ["my-usb-noise", "physical-raw", "physical-raw"],
  ] as const)("%s, declared %s: %s", (name, declared, expected) => {
    expect(classify(name, declared)).toBe(expected);
  });
});

describe("assessed source", () => {
  it("discards the start-up samples and gives every sample once", async () => {
    const samples = noise(4096);
    await using fake = new FakeDevice(samples);
    const { source } = bench(fake);
    expect((await source.block(80)).samples).toEqual(samples.slice(1024, 1104));
    const block = await source.block(80);
    expect(block.samples).toEqual(samples.slice(1104, 1184));
    expect(block.class).toBe("physical-raw");
    expect(source.state).toMatchObject({ healthy: true, identity: "test-noise", reason: null });
  });

  it("reports how much it has read, and at which rate while it was reading", async () => {
    await using fake = new FakeDevice(noise(8192));
    const clock = { ms: 0 };
    const driver = fake.driver(4, "physical-raw");
    const read = driver.read.bind(driver);
    driver.read = async (bytes) => {
      clock.ms += bytes / 2;
      return read(bytes);
    };
    const source = new AssessedSource(
      driver,
      () => clock.ms,
      () => undefined,
    );
    expect(source.state).toMatchObject({ bytesRead: 0, bytesPerSecond: null });
    await source.block(976);
    clock.ms += 60_000; // idle time does not count
    expect(source.state).toMatchObject({ bytesRead: 1024 + 976, bytesPerSecond: 2000 });
  });

  it("refuses a constant device at start, with the test's name", async () => {
    await using fake = new FakeDevice(new Uint8Array(8192).fill(0xaa));
    const { source, events } = bench(fake);
    await expect(source.block(80)).rejects.toMatchObject({ code: "source-failed" });
    expect(source.state.reason).toMatch(/repetition count test: 12 equal samples/);
    expect(events).toEqual(["source failed test-noise"]);
  });

  it("stops at once when the device gets stuck at run time, and stays stopped", async () => {
    await using fake = new FakeDevice(Uint8Array.from([...noise(1200), ...new Uint8Array(64), ...noise(8192, 2)]));
    const { source, clock } = bench(fake);
    await source.block(80);
    await expect(source.block(160)).rejects.toThrow(/repetition count/);
    clock.ms = 3_600_000;
    await expect(source.block(80)).rejects.toThrow(/repetition count/);
    expect(source.state.healthy).toBe(false);
  });

  it("catches a bias that no run shows", async () => {
    const biased = noise(8192).map((sample, i) => (i >= 1536 && i % 4 === 0 ? 7 : sample));
    await using fake = new FakeDevice(biased);
    const { source } = bench(fake);
    await source.block(512);
    await expect(source.block(2048)).rejects.toThrow(/adaptive proportion test: 79 equal samples within 512/);
  });

  it("says how far a short read came, and takes the device back when it returns", async () => {
    await using fake = new FakeDevice(noise(1100));
    const { source, clock, events } = bench(fake);
    await expect(source.block(200)).rejects.toThrow(/ended after 76 of 200 bytes/);
    writeFileSync(fake.device, noise(4096, 3));
    await expect(source.block(80)).rejects.toThrow(/ended after/);
    clock.ms = 10_000;
    await source.block(80);
    expect(events).toEqual(["source started test-noise", "source failed test-noise", "source started test-noise"]);
  });

  it("gives up on a silent device without blocking the event loop", async () => {
    await using fake = new FakeDevice("fifo");
    const writer = openSync(fake.device, constants.O_RDWR);
    writeSync(writer, noise(1024));
    const { source } = bench(fake);
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    await expect(source.block(80)).rejects.toThrow(/gave 0 of 80 bytes, then nothing for/);
    clearInterval(ticking);
    closeSync(writer);
    expect(ticks).toBeGreaterThan(3);
  });

  it("names the fix for a device that cannot be opened", async () => {
    await using fake = new FakeDevice(noise(10));
    rmSync(fake.device);
    const missing = bench(fake).source.block(80);
    await expect(missing).rejects.toMatchObject({ message: expect.stringMatching(/cannot open .*ENOENT/), exit: 74 });
    await expect(missing).rejects.toMatchObject({ fix: expect.stringMatching(/attach the device/) });
    rmSync(fake.rngCurrent);
    await expect(bench(fake).source.block(80)).rejects.toThrow(/cannot read .*rng_current/);
    fake.become("none");
    await expect(bench(fake).source.block(80)).rejects.toThrow(/names no device/);
  });

  it("tests a device anew when rng_current names another one", async () => {
    const samples = noise(8192);
    await using fake = new FakeDevice(samples);
    const { source, events } = bench(fake);
    await source.block(80);
    fake.become("virtio_rng.0");
    const block = await source.block(80);
    expect(block.class).toBe("chained");
    expect(block.samples).toEqual(samples.slice(1024, 1104));
    expect(events).toEqual(["source started test-noise", "source started virtio_rng.0"]);
  });

  it("takes a new device in place of one that failed its tests", async () => {
    await using fake = new FakeDevice(new Uint8Array(4096));
    const { source } = bench(fake);
    await expect(source.block(80)).rejects.toThrow(/repetition/);
    const replacement = `${fake.device}.new`;
    writeFileSync(replacement, noise(4096));
    renameSync(replacement, fake.device);
    await expect(source.block(80)).rejects.toThrow(/repetition/);
    fake.become("better-noise");
    expect((await source.block(80)).class).toBe("physical-raw");
  });

  it("refuses a block during which the device changed", async () => {
    await using fake = new FakeDevice(noise(8192));
    const driver = fake.driver();
    const read = driver.read.bind(driver);
    driver.read = async (bytes) => {
      const out = await read(bytes);
      if (bytes !== 1024) fake.become("other-noise");
      return out;
    };
    const source = new AssessedSource(
      driver,
      () => 0,
      () => undefined,
    );
    await expect(source.block(80)).rejects.toThrow(/changed from test-noise to other-noise/);
    expect((await source.ensureStarted()).device).toBe("other-noise");
  });

  it("reads the system generator as chained", async () => {
    const source = new AssessedSource(
      new SystemDriver(8),
      () => 0,
      () => undefined,
    );
    const block = await source.block(source.samplesFor(320));
    expect(block.samples.length).toBe(40);
    expect(block.class).toBe("chained");
    await source.close();
  });
});
