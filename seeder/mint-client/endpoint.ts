/** Where a mint is, as one text: the grammar of `host`, `hosts`, `--host` and BOOTSEED_HOST. */
import { BootseedError } from "@bootseed/protocol";

/** Where `bootseed-host` listens unless its configuration says otherwise. */
export const DEFAULT_HOST = "unix:///run/bootseed/mint.sock";

/** A unix socket's path is at most 107 bytes long on Linux (`sun_path`). */
const MAX_SOCKET_PATH_BYTES = 107;
const PIN = "sha256=[0-9a-fA-F]{64}";
const NAME = String.raw`\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?`;
/** Several pins: the one of today, and the one that the host's statement announces. */
const HTTPS = new RegExp(`^https://(${NAME}):([1-9][0-9]{0,4})/?#(${PIN}(?:&${PIN}){0,3})$`);
/** Neither part may begin with a dash: ssh would take it for an option. */
const SSH = new RegExp(`^ssh://(?:([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?(${NAME})(?::([1-9][0-9]{0,4}))?/?$`);

/** A mint's address. `shown` is how messages name it: without the pins. */
export type MintEndpoint =
  | { readonly kind: "unix"; readonly shown: string; readonly socketPath: string }
  | {
      readonly kind: "https";
      readonly shown: string;
      readonly host: string;
      readonly port: number;
      /** SHA-256 of the certificate, lower-case hex, 1 to 4. */
      readonly pins: readonly string[];
    }
  | {
      readonly kind: "ssh";
      readonly shown: string;
      readonly user: string | undefined;
      readonly host: string;
      readonly port: number | undefined;
    };

/**
 * @param url `unix:///path`, `https://host:port#sha256=PIN` or `ssh://[user@]host[:port]`
 * @throws BootseedError "usage" for anything else
 * @example parseEndpoint("ssh://mint@host.example")
 */
export function parseEndpoint(url: string): MintEndpoint {
  if (url.startsWith("unix:")) return { kind: "unix", shown: url, socketPath: socketPathOf(url) };
  const [, host = "", port = "", pins = ""] = HTTPS.exec(url) ?? [];
  if (host !== "") {
    const shown = `https://${host}:${port}`;
    const digits = pins.toLowerCase().split("&");
    const all = digits.map((pin) => pin.slice("sha256=".length));
    return { kind: "https", shown, host: bare(host), port: portOf(port, url), pins: all };
  }
  const ssh = SSH.exec(url);
  if (ssh !== null) {
    const [, user, name = "", at] = ssh;
    return { kind: "ssh", shown: url, user, host: bare(name), port: at === undefined ? at : portOf(at, url) };
  }
  const got = JSON.stringify(withoutSecrets(url));
  throw new BootseedError("usage", `expected a host like ${DEFAULT_HOST}, ${hint(url)}, got ${got}`);
}

/** Whoever writes a token into the URL, where none belongs, must not find it in a CI job's log. */
const withoutSecrets = (url: string): string => url.replace(/\/\/[^@]*@/, "//…@").replace(/\?[^#]*/, "?…");

/**
 * @param url `unix:///absolute/path`
 * @returns the path of the socket
 * @throws BootseedError "usage" for anything else
 * @example socketPathOf("unix:///run/bootseed/mint.sock") // "/run/bootseed/mint.sock"
 */
function socketPathOf(url: string): string {
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

/** The form that was probably meant comes last, where it is read. */
function hint(url: string): string {
  const https = "https://HOST:PORT#sha256=PIN (64 hex digits, printed by `bootseed-host client add`)";
  const ssh = "ssh://USER@HOST";
  return url.startsWith("ssh:") ? `${https} or ${ssh}` : `${ssh} or ${https}`;
}

function portOf(text: string, url: string): number {
  const port = Number(text);
  if (port <= 65_535) return port;
  throw new BootseedError("usage", `expected a port from 1 to 65535, got ${text} in ${url}`);
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, "");
