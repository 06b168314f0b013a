/** The token that opens a mint over https: from a file that only its owner may read, or a Pulumi secret. */
import { BootseedError } from "@bootseed/protocol";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { readErrorCode } from "./read-error.ts";

/** Only `https://` asks for one; a socket has its file mode, ssh its keys. */
export interface MintCredentials {
  /** The token itself: in a Pulumi program a secret, resolved. Never from argv or the environment. */
  readonly token?: string | undefined;
  /** A file with the token, 0600; read again for every request, so that CI may renew what is in it. */
  readonly tokenFile?: string | undefined;
}

/** A client's token has 43 characters; a JWT of a CI system up to a few thousand. */
const TOKEN = /^[A-Za-z0-9_-]{16,8192}$|^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MAX_TOKEN_CHARS = 16_384;

/** What the environment says: the file's name, never the token. */
export function credentialsFrom(env: Record<string, string | undefined>): MintCredentials {
  const tokenFile = env["BOOTSEED_TOKEN_FILE"];
  return tokenFile === undefined || tokenFile === "" ? {} : { tokenFile };
}

/**
 * @param shown the host, for messages
 * @returns the token; no message ever quotes it
 * @throws BootseedError "usage" (none given, or two), "not-found" (no such file), "io" (not readable, others may read it),
 *   "bad-config" (no token)
 */
export function readToken({ token, tokenFile }: MintCredentials, shown: string): string {
  if (token !== undefined && tokenFile !== undefined)
    throw new BootseedError("usage", `host ${shown}: expected a token or a token file, got both: name one`);
  if (token === undefined && tokenFile === undefined) {
    const ways = "set BOOTSEED_TOKEN_FILE or --token-file, in Pulumi: pulumi config set --secret bootseed:token";
    throw new BootseedError("usage", `host ${shown} needs a token: ${ways}`);
  }
  const text = (token ?? readPrivate(tokenFile ?? "", shown)).trim();
  if (text.length <= MAX_TOKEN_CHARS && TOKEN.test(text)) return text;
  const where = tokenFile === undefined ? "the token" : `the token file ${tokenFile}`;
  const message = `host ${shown}: ${where} holds no token (expected base64url or a JWT, got ${text.length} characters)`;
  throw new BootseedError("bad-config", message);
}

function readPrivate(file: string, shown: string): string {
  let fd: number;
  try {
    // A FIFO that nobody writes to would hold the program here for good.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { message } = cause as Error;
    throw new BootseedError(readErrorCode(cause), `host ${shown}: cannot read the token file: ${message}`, { cause });
  }
  try {
    // Of the open file: another one cannot take its place between the look and the read.
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new BootseedError("io", `host ${shown}: the token file ${file} is not a file`);
    const mode = stat.mode & 0o777;
    if ((mode & 0o077) !== 0) {
      const got = `0${mode.toString(8)}`;
      const message = `the token file ${file} has mode ${got}; expected 0600: if nobody read it, chmod 600 ${file}`;
      throw new BootseedError("io", `host ${shown}: ${message}`);
    }
    if (stat.size > MAX_TOKEN_CHARS + 2)
      throw new BootseedError("bad-config", `host ${shown}: ${file} holds no token (it has ${stat.size} bytes)`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}
