/** What systemd says of its units. */
import { childProcess } from "./lazy.ts";

export interface Services {
  /** @returns null where systemd cannot be asked */
  isActive(unit: string): boolean | null;
  /** @returns null for a unit without a running main process, and where systemd cannot be asked */
  mainPid(unit: string): number | null;
}

/** @param root below one nothing is asked: the units there are not this machine's */
export function systemdServices(root: string): Services {
  const ask = (...args: string[]): string | null => {
    if (root !== "") return null;
    const { status, stdout } = childProcess().spawnSync("systemctl", args, { encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  };
  return {
    isActive: (unit) => {
      // Ends with 0 for a unit that does not exist, too; without systemd it fails.
      const state = ask("show", "-PActiveState", unit);
      return state === null ? null : ["active", "reloading"].includes(state);
    },
    mainPid: (unit) => Number(ask("show", "-PMainPID", unit) ?? 0) || null,
  };
}
