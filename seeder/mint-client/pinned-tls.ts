/** TLS 1.3 to a host that is known by its certificate alone: names, dates and authorities are not looked at. */
import { connect, type TLSSocket } from "node:tls";
import { BootseedError } from "@bootseed/protocol";

export interface PinnedAddress {
  readonly shown: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly pins: readonly string[];
}

/** Reaching the host and the handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/**
 * Nothing is written before the certificate was compared: a token never goes to somebody else.
 *
 * @param done called once: with BootseedError "mismatch" for another certificate, or the system's error, or the socket
 */
export function connectPinned(
  { shown, host, port, pins }: PinnedAddress,
  done: (error: Error | null, socket?: TLSSocket) => void,
): void {
  // TLS 1.3 proves that the server has the certificate's key, also where nobody signed that certificate.
  const socket = connect({ host, port, rejectUnauthorized: false, minVersion: "TLSv1.3" });
  socket.setTimeout(HANDSHAKE_MS, () =>
    socket.destroy(new BootseedError("timeout", `host ${shown} did not finish the TLS handshake in time`)),
  );
  const failed = (cause: NodeJS.ErrnoException): void => {
    const { code = "" } = cause;
    const noTls = code === "EPROTO" || code.startsWith("ERR_SSL");
    const message = `host ${shown} does not speak TLS 1.3: is it a bootseed-host's mint?`;
    done(noTls ? new BootseedError("malformed", message, { cause }) : cause);
  };
  socket.once("error", failed);
  socket.once("secureConnect", () => {
    socket.setTimeout(0);
    const got = (socket.getPeerX509Certificate()?.fingerprint256 ?? "").replaceAll(":", "").toLowerCase();
    if (pins.includes(got)) {
      socket.off("error", failed);
      done(null, socket);
    } else socket.destroy(otherCertificate(shown, pins, got));
  });
}

function otherCertificate(shown: string, pins: readonly string[], got: string): BootseedError {
  const expected = pins.map((pin) => `sha256=${pin}`).join(" or ");
  const message =
    `host ${shown} shows another certificate: expected ${expected}, got sha256=${got}; nothing was sent to it. ` +
    "If its operator changed it, `bootseed-host statement` there names the pin to write; if not, somebody is in the way";
  return new BootseedError("mismatch", message);
}
