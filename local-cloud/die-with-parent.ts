/**
 * A command line that runs a program which does not outlive this process, even if that is killed with SIGKILL: setpriv asks the kernel
 * for it (PR_SET_PDEATHSIG, which survives exec). Between our fork and that call we may be dead already, and a dead parent sends no
 * signal: so a shell looks who its parent is afterwards, and gives up if it is not us.
 *
 * @example spawn(...dieWithParent("qemu-system-x86_64", ["-version"]))
 */
export function dieWithParent(program: string, args: readonly string[]): [command: string, args: string[]] {
  const guard = 'test "$PPID" = "$0" && exec "$@"';
  return ["setpriv", ["--pdeathsig", "KILL", "sh", "-c", guard, String(process.pid), program, ...args]];
}
