/**
 * Ends a program with all that it started. `pulumi` gives each plugin a process group of its own, so that killing its group would leave the
 * language host, the program and the provider at work; its session holds them all.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Session of a process (proc_pid_stat(5), field 6), or undefined when it is gone. */
function sessionOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is a name in parentheses that may hold spaces and parentheses.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
  } catch {
    return undefined;
  }
}

/** @returns the processes of a session */
const membersOf = (leader: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => sessionOf(pid) === leader);

/** kill -9 of all of them at one moment: they are stopped first, so that none sees another die. @param leader of a session */
export function killSession(leader: number): void {
  for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const pid of membersOf(leader)) send(pid, signal);
}

/** Sends a signal to a process that may have ended by itself. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
