/** A DigitalOcean-compatible API on loopback whose droplets are real QEMU VMs. */
export { guestExec, type GuestResult } from "./guest-agent.ts";
export { startLocalCloud, type LocalCloud, type LocalCloudOptions } from "./server.ts";
export { waitForBoot, type LocalDroplet } from "./wait-for-boot.ts";
export type { Launcher, Machine, MachineSpec } from "./machine.ts";
