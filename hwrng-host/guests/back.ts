/** A VM that its stack said is gone, and that is heard of long after that. */
import { toHex } from "@bootseed/protocol";
import type { Log } from "../host-context.ts";

/** Once: the mark is taken away then. */
export const saidBack = (log: Log, seedId: Uint8Array): void =>
  log.warn({ seedId: toHex(seedId) }, "VM is back: its stack said that it is gone, and it asks");
