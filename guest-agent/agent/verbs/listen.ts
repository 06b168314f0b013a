/** `listen`: takes deliveries from hosts that dial. */
import { BootseedError } from "@bootseed/protocol";
import { EXIT } from "../exit.ts";
import { splitAddress } from "../https.ts";
import { listen, type Where } from "../listen.ts";
import { STATE_DIR } from "../machine.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import type { Context } from "./context.ts";

/** The first descriptor that systemd passes (sd_listen_fds). */
const FIRST_FD = 3;
/** A caller's connection has 10 s in all. */
const LOCK_SECONDS = 5;

export async function listenVerb(context: Context, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { bind } = parseOptions(args, { bind: "string" });
  const where = bind === undefined ? passed(env) : bound(bind);
  await listen(
    context.world,
    STATE_DIR,
    (waitSeconds = LOCK_SECONDS) => context.lock(waitSeconds),
    where,
    undefined,
    (server) => {
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      if (context.json) printJson({ listening: port });
      else printLines([`listening on port ${port}`]);
    },
  );
  return EXIT.ok;
}

function bound(address: string): Where {
  const { host, port } = splitAddress(address);
  if (host === "" || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new BootseedError("usage", `--bind: expected ADDRESS:PORT, got ${address}`);
  return { host, port };
}

function passed(env: NodeJS.ProcessEnv): Where {
  if (env["LISTEN_FDS"] === "1" && env["LISTEN_PID"] === String(process.pid)) return { fd: FIRST_FD };
  const advice = "systemctl enable --now bootseed-agent-listen.socket, or --bind ADDRESS:PORT";
  throw new BootseedError("usage", `listen: expected one socket from systemd, got none: ${advice}`);
}
