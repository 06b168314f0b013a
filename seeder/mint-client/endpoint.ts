/** Where the mint listens. Today a unix socket on the same machine; other schemes are refused by name. */
import { BootseedError } from "@bootseed/protocol";

/** Where `bootseed-host` listens unless its configuration says otherwise. */
export const DEFAULT_HOST = "unix:///run/bootseed/mint.sock";

/** A unix socket's path is at most 107 bytes long on Linux (`sun_path`). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * @param url `unix:///absolute/path`
 * @returns the path of the socket
 * @throws BootseedError "usage" for anything else
 * @example socketPathOf("unix:///run/bootseed/mint.sock") // "/run/bootseed/mint.sock"
 */
export function socketPathOf(url: string): string {
  const path = /^unix:\/\/(\/.+)$/.exec(url)?.[1];
  if (path === undefined) {
    throw new BootseedError("usage", `expected a host like ${DEFAULT_HOST}, got ${JSON.stringify(url)}`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    const message = `the socket path of ${url} has ${bytes} bytes, and Linux allows ${MAX_SOCKET_PATH_BYTES}: shorten it`;
    throw new BootseedError("usage", message);
  }
  return path;
}
