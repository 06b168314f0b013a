import type { MetadataAnswer } from "./metadata.ts";

/** All that is needed to start one VM. */
export interface MachineSpec {
  readonly dropletId: number;
  /** folder with base.qcow2, vmlinuz, initrd */
  readonly image: string;
  /** folder of the droplet: its disk, console and sockets are made here */
  readonly dir: string;
  readonly address: string;
  readonly sshPort: number;
  readonly mac: string;
  /** answers the guest's metadata requests */
  readonly metadata: (method: string, path: string) => MetadataAnswer;
  /** folder that the guest sees as a FAT disk labelled `config-2`; none by default */
  readonly configDrive?: string;
}

/** A running VM. */
export interface Machine {
  readonly pid: number;
  /** resolves when it has ended, with the reason in words */
  readonly ended: Promise<string>;
  /** resolves when it answers for the first time; never, if it does not */
  readonly booted: Promise<void>;
  /** resets it, as the button does */
  reset(): Promise<void>;
  /** asks the guest to shut down */
  shutDown(): Promise<void>;
  /** ends it at once, disk written; resolves when the process is gone */
  stop(): Promise<void>;
}

/** Starts VMs. The real one is QEMU; tests of the API give their own, called fake. */
export type Launcher = (spec: MachineSpec) => Promise<Machine>;
