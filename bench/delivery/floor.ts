/** Process of its own: the least that any service over TLS 1.3 does for a new connection, an empty 200. */
import { createServer } from "node:https";
import { boundPort } from "../../hwrng-host/server/bound-port.ts";
import { loadIdentity } from "../../hwrng-host/identity/host-identity.ts";
import type { Told } from "./channel.ts";

const identity = loadIdentity(process.argv[2] ?? "");
const options = {
  key: Buffer.from(identity.tlsKeyPem),
  cert: Buffer.from(identity.tlsCertificatePem),
  minVersion: "TLSv1.3",
} as const;
const tell = (message: Told): boolean | undefined => process.send?.(message);
const server = createServer(options, (asked, answer) => {
  asked.resume();
  answer.end();
});
server.listen(0, "127.0.0.1", () => tell({ listening: `127.0.0.1:${boundPort(server)}` }));
process.on("message", () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  tell({ cpuUs: userCPUTime + systemCPUTime });
});
process.on("disconnect", () => process.exit(0));
