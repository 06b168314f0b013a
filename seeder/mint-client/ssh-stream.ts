/**
 * A connection that is an `ssh` process: HTTP goes through its standard input and output to `bootseed-host mint-stdio`.
 * The system's ssh, because it reads the user's own config: keys, agents, jump hosts, known hosts.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";
import { BootseedError } from "@bootseed/protocol";

export interface SshAddress {
  readonly shown: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
}

/** Never a question to a terminal (BatchMode: an unknown host key is a failure), nothing forwarded, dead peers noticed. */
const OPTIONS = [
  "BatchMode=yes",
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "ForwardX11=no",
  "ConnectTimeout=10",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=2",
].flatMap((option) => ["-o", option]);
/** A forced command replaces this; where a person logs in with a shell, it is what runs. */
const COMMAND = "bootseed-host mint-stdio";
const MAX_STDERR_CHARS = 4096;

type Handle = { ref?: () => void; unref?: () => void };

export class SshStream extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #said = "";

  constructor({ shown, user, host, port }: SshAddress) {
    super();
    const where = [...(user === undefined ? [] : ["-l", user]), ...(port === undefined ? [] : ["-p", String(port)])];
    this.#child = spawn("ssh", ["-T", ...OPTIONS, ...where, "--", host, COMMAND], { stdio: ["pipe", "pipe", "pipe"] });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-MAX_STDERR_CHARS)));
    // A broken pipe is told by the exit, which knows why.
    stdin.on("error", () => undefined);
    this.#child.on("error", (cause: NodeJS.ErrnoException) => this.destroy(notStarted(shown, cause)));
    this.#child.on("close", (code) => {
      if (this.destroyed) return;
      this.destroy(ended(shown, code, this.#said));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#child.stdin.write(chunk)) done();
    else this.#child.stdin.once("drain", () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#child.exitCode === null) this.#child.kill();
    done(error);
  }

  /** What an `http.Agent` does to an idle socket: a program that is done does not wait for it. */
  unref(): this {
    for (const each of this.#handles()) each.unref?.();
    return this;
  }

  ref(): this {
    for (const each of this.#handles()) each.ref?.();
    return this;
  }

  /** Of TCP; a pipe has neither. */
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  #handles(): Handle[] {
    const { stdin, stdout, stderr } = this.#child;
    return [this.#child, stdin as Handle, stdout as Handle, stderr as Handle];
  }
}

function notStarted(shown: string, cause: NodeJS.ErrnoException): BootseedError {
  const why = cause.code === "ENOENT" ? "there is no ssh on PATH: install openssh-client" : cause.message;
  return new BootseedError("unreachable", `host ${shown} is unreachable: ${why}`, { cause });
}

/** ssh's own failure (ssh(1)); every other code is the remote command's. */
const SSH_FAILED = 255;

/** 127: a shell that found no such program (sh(1)). */
function ended(shown: string, code: number | null, said: string): BootseedError {
  const lines = said
    .replaceAll(/[^\u0020-\u007e\n]/g, "")
    .trim()
    .split("\n");
  const after = (start: string): string | undefined =>
    lines
      .map((line) => line.trim())
      .find((line) => line.startsWith(start))
      ?.slice(start.length);
  const words = said.trim() === "" ? "" : ` (${lines.at(-1)})`;
  const problem = after("bootseed-host: ");
  if (code !== SSH_FAILED && problem !== undefined) {
    const fix = after("to do: ");
    const todo = fix === undefined ? "" : `; to do there: ${fix}`;
    return new BootseedError("unreachable", `host ${shown} accepts this ssh key, and cannot mint: ${problem}${todo}`);
  }
  if (code === SSH_FAILED && /permission denied/i.test(said)) {
    const fix = "add its public key to authorized_keys there, with the forced command bootseed-host mint-stdio";
    return new BootseedError("forbidden", `host ${shown} refuses this ssh key: ${fix}${words}`);
  }
  if (/host key verification failed|REMOTE HOST IDENTIFICATION/i.test(said)) {
    const fix = "its host key is not in known_hosts, or has changed: compare it with the operator, then add it";
    return new BootseedError("mismatch", `host ${shown} is not who ssh expects: ${fix}${words}`);
  }
  if (code === 127)
    return new BootseedError("unreachable", `host ${shown} has no bootseed-host on its PATH: install it${words}`);
  return new BootseedError("unreachable", `host ${shown} is unreachable: ssh ended with ${code ?? "a signal"}${words}`);
}
