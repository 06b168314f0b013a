/**
 * Node's heavy modules, loaded by who needs them: most runs of the timer find that nothing is due, and TLS alone is a third of
 * what a whole delivery costs.
 */
import type * as ChildProcess from "node:child_process";
import { createRequire } from "node:module";
import type * as Net from "node:net";
import type * as Tls from "node:tls";

const load = createRequire(import.meta.url);

export const childProcess = (): typeof ChildProcess => load("node:child_process") as typeof ChildProcess;
export const net = (): typeof Net => load("node:net") as typeof Net;
export const tls = (): typeof Tls => load("node:tls") as typeof Tls;
