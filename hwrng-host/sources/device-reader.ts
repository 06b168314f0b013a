/** Reads a character device, FIFO or file without ever blocking the event loop or a thread of the pool. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";

/** Poll while a device has nothing: at 64 bytes each (the kernel's hwrng buffer) this still reads 32 KB/s. */
const POLL_MS = 2;
/** hwrng delivers at most its own buffer at a time; larger reads only hold a thread for longer. */
const MAX_READ_BYTES = 4096;

/** How to repair what the system said about a device, by errno. */
const FIX: Readonly<Record<string, string>> = {
  ENOENT: "attach the device, load its driver, or correct `device` in the config",
  EACCES: "let the service's user read it (group or udev rule: see docs/security.md)",
  EPERM: "let the service's user read it (group or udev rule: see docs/security.md)",
  EISDIR: "`device` must name a device, not a folder",
  ENODEV: "attach a hardware random generator, or choose one in /sys/class/misc/hw_random/rng_current",
  EBUSY: "another program holds the device: stop it",
};

/** `HostError` "source-failed" with the fix that fits the errno. */
export function deviceError(path: string, verb: string, cause: unknown): HostError {
  const fix = FIX[errnoOf(cause)] ?? "check the device and the kernel log (dmesg)";
  return new HostError("source-failed", `cannot ${verb} ${path}: ${messageOf(cause)}`, fix, EXIT.io, { cause });
}

/** One open device. */
export class DeviceReader {
  readonly #path: string;
  readonly #stallMs: number;
  #handle: FileHandle | null = null;

  /** @param stallMs a device that delivers nothing for this long has failed */
  constructor(path: string, stallMs: number) {
    this.#path = path;
    this.#stallMs = stallMs;
  }

  async open(): Promise<void> {
    try {
      // O_NONBLOCK: a blocking read would pin one of libuv's four threads and keep the process from ending.
      this.#handle = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      throw deviceError(this.#path, "open", cause);
    }
  }

  /** Exactly `bytes` bytes; @throws HostError "source-failed" at end of file, on errors and when stalled. */
  async read(bytes: number): Promise<Uint8Array> {
    const out = new Uint8Array(bytes);
    let got = 0;
    let waitedMs = 0;
    while (got < bytes) {
      const handle = this.#handle;
      if (handle === null) throw new HostError("source-failed", `${this.#path} is closed`, "restart", EXIT.io);
      const result = await handle
        .read(out, got, Math.min(bytes - got, MAX_READ_BYTES), null)
        .catch((cause: unknown) => {
          if (errnoOf(cause) === "EAGAIN") return null;
          out.fill(0);
          throw deviceError(this.#path, "read", cause);
        });
      if (result !== null && result.bytesRead > 0) {
        got += result.bytesRead;
        waitedMs = 0;
      } else if (result !== null) {
        out.fill(0);
        const message = `${this.#path} ended after ${got} of ${bytes} bytes: the device is gone`;
        throw new HostError("source-failed", message, "attach it again", EXIT.io);
      } else if (waitedMs >= this.#stallMs) {
        out.fill(0);
        const message = `${this.#path} gave ${got} of ${bytes} bytes, then nothing for ${this.#stallMs / 1000} s`;
        throw new HostError("source-failed", message, "check the device and the kernel log (dmesg)", EXIT.io);
      } else {
        await sleep(POLL_MS);
        waitedMs += POLL_MS;
      }
    }
    return out;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }
}
