/**
 * How requests get to a mint: its unix socket, TLS to a pinned certificate with a token, or ssh to a forced command.
 * JSON over HTTP/1.1 in every case (protocol.md, mint).
 */
import { Agent } from "node:http";
import type { TLSSocket } from "node:tls";
import { BootseedError, type BootseedErrorCode } from "@bootseed/protocol";
import { type MintCredentials, readToken } from "./credentials.ts";
import { type MintEndpoint, parseEndpoint } from "./endpoint.ts";
import { connectPinned } from "./pinned-tls.ts";
import { SshStream } from "./ssh-stream.ts";

export interface MintTransport {
  /** The host as the user wrote it. */
  readonly url: string;
  /** The host for messages: without pins. */
  readonly shown: string;
  /** For `node:http`: how to connect. */
  readonly options: { readonly socketPath: string; readonly agent: false } | { readonly agent: Agent };
  /** Headers that say who asks. @throws BootseedError when there is no token, or its file is not as it should be */
  headers(): Record<string, string>;
  /** What a failed connection means here, by its errno, or an HTTP status without words. */
  readonly explain: (what: string) => readonly [BootseedErrorCode, string] | undefined;
  /** Ends connections that wait for more requests. The process also ends without it. */
  close(): void;
}

/** A host that is asked for a hundred commits at once is not to see a hundred handshakes at once. */
const MAX_TLS_CONNECTIONS = 8;
/** sshd refuses the eleventh login under way (MaxStartups), so requests share these. */
const MAX_SSH_CONNECTIONS = 2;

/**
 * @param endpoint `unix:///path`, `https://host:port#sha256=PIN` or `ssh://[user@]host[:port]`
 * @param credentials for https
 * @throws BootseedError "usage" for another kind of endpoint
 *
 * @example
 * const transport = mintTransport("https://mint.example:7445#sha256=…", { tokenFile: "/run/secrets/bootseed" });
 * const vms = await new MintClient(transport).vms();
 */
export function mintTransport(endpoint: string, credentials: MintCredentials = {}): MintTransport {
  const at = parseEndpoint(endpoint);
  const { shown } = at;
  const explain = (what: string): readonly [BootseedErrorCode, string] | undefined => EXPLAIN[at.kind][what];
  const common = { url: endpoint, shown, explain };
  switch (at.kind) {
    case "unix": {
      const options = { socketPath: at.socketPath, agent: false } as const;
      return { ...common, options, headers: () => ({}), close: () => undefined };
    }
    case "https": {
      const agent = new Agent({ keepAlive: false, maxSockets: MAX_TLS_CONNECTIONS });
      agent.createConnection = (_, done) => {
        connectPinned(at, (error, socket) => done?.(error, socket as TLSSocket));
        return undefined;
      };
      const headers = (): Record<string, string> => ({ authorization: `Bearer ${readToken(credentials, shown)}` });
      return { ...common, options: { agent }, headers, close: () => agent.destroy() };
    }
    case "ssh": {
      const agent = new Agent({ keepAlive: true, maxSockets: MAX_SSH_CONNECTIONS });
      agent.createConnection = () => new SshStream(at);
      return { ...common, options: { agent }, headers: () => ({}), close: () => agent.destroy() };
    }
    default:
      return at satisfies never;
  }
}

type Explanations = Record<string, readonly [BootseedErrorCode, string]>;

const EXPLAIN: Record<MintEndpoint["kind"], Explanations> = {
  unix: {
    ENOENT: ["unreachable", "is unreachable: there is no such socket; start bootseed-host serve on this machine"],
    ECONNREFUSED: ["unreachable", "is unreachable: nothing listens on the socket; start bootseed-host serve"],
    EACCES: ["forbidden", "may not be opened by this user: join the group bootseed-mint"],
    ECONNRESET: ["unreachable", "closed the connection before it answered: look at its log, then try again"],
  },
  https: {
    ENOTFOUND: ["unreachable", "is unreachable: no such name; correct the host"],
    EAI_AGAIN: ["unreachable", "is unreachable: its name cannot be looked up now; try again"],
    ECONNREFUSED: ["unreachable", "is unreachable: nothing listens there; set listen.mintHttps in its config"],
    ECONNRESET: ["unreachable", "closed the connection before it answered: look at its log, then try again"],
    // One certificate for both ports, so the pin has not told them apart.
    404: [
      "malformed",
      "answered 404: this looks like the guests' port; the mint's https port is listen.mintHttps in the host's config (7445 as documented)",
    ],
  },
  ssh: {
    ECONNRESET: ["unreachable", "closed the connection before it answered: look at its log, then try again"],
  },
};

/** A login banner, a shell, a web page: something that is not a mint. */
export const notHttp = (shown: string, cause: unknown): BootseedError =>
  new BootseedError("malformed", `host ${shown} did not answer in HTTP: is it a bootseed-host's mint?`, { cause });
