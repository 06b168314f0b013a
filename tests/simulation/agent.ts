/** The outside world of the real agent on a simulated VM: its disk, network, kernel and clock until the power goes. */
import { parsePacketAnswer } from "@bootseed/protocol";
import { topUpAll } from "../../guest-agent/agent/topup.ts";
import type { Connection, Disk as AgentDisk, World as AgentWorld } from "../../guest-agent/agent/world.ts";
import { PowerLost } from "./disk.ts";
import { type GuestNode, STATE_DIR } from "./guest-node.ts";
import { ConnectionFailed, DEADLINE_MS, type Server } from "./wire.ts";

/** One run of the agent by its timer. */
export async function runAgent(guest: GuestNode): Promise<void> {
  const { boot } = guest.disk;
  const alive = (): void => {
    if (guest.disk.boot !== boot) throw new PowerLost();
  };
  const results = await topUpAll(agentWorld(guest, alive), STATE_DIR, false);
  alive();
  for (const result of results) {
    if (result.outcome !== "skipped")
      guest.world.ledger.count(`agent: ${result.outcome === "failed" ? result.code : "ok"}`);
    // An error without a code is none that the agent meant to meet.
    if (result.outcome === "failed" && result.code === "failed") throw new Error(`agent: ${result.message}`);
  }
}

function agentWorld(guest: GuestNode, alive: () => void): AgentWorld {
  const { world } = guest;
  return {
    disk: agentDisk(guest, alive),
    network: {
      connect: async (address) => {
        alive();
        const server = await world.wire.connect(guest.name, address);
        return connection(guest, server, alive);
      },
    },
    kernel: {
      reseed: async () => 0,
      mixAndReseed: async () => {
        alive();
        guest.mixed();
        return { rcMix: 0, rcReseed: 0 };
      },
    },
    nowMs: () => guest.wallMs,
    clocks: () => new Uint8Array(16),
    random: (bytes) => guest.random.bytes(bytes),
    say: () => undefined,
  };
}

/** Each replacement is the four steps of guest-agent/agent/disk.ts; the power may go at any of them. */
function agentDisk(guest: GuestNode, alive: () => void): AgentDisk {
  const { disk } = guest;
  const living = <A extends readonly unknown[], R>(step: (...args: A) => R) => {
    return (...args: A): R => {
      alive();
      return step(...args);
    };
  };
  return {
    read: living((path: string) => disk.read(path)),
    list: living((folder: string) => disk.list(folder)),
    modifiedMs: living((path: string) => disk.mtimeMs(path)),
    replace: living((path: string, content: Uint8Array) => {
      disk.write(`${path}.new`, content, guest.wallMs);
      disk.sync(`${path}.new`);
      disk.rename(`${path}.new`, path);
      disk.syncFolder();
    }),
    rename: living((path: string, to: string) => {
      disk.rename(path, to);
      disk.syncFolder();
    }),
    wipe: living((path: string) => disk.remove(path)),
  };
}

function connection(guest: GuestNode, server: Server, alive: () => void): Connection {
  const { world, name } = guest;
  return {
    pin: server.host.context.identity.tlsPin,
    post: async (path, body) => {
      alive();
      const lost = path === "/v1/receipts" && guest.receiptsToLose > 0;
      if (lost) {
        guest.receiptsToLose--;
        await world.timeline.sleep(DEADLINE_MS);
        throw new ConnectionFailed("a lost receipt");
      }
      const answer = await world.wire.exchange(name, server, path, body);
      alive();
      if (path === "/v1/packets" && answer.status === 200) guest.heard(server.host.name, packetIn(answer.body));
      return answer;
    },
    close: () => undefined,
  };
}

/** Empty when a lie or a damage left none. */
function packetIn(body: Uint8Array): Uint8Array {
  try {
    return parsePacketAnswer(body).packet;
  } catch {
    return new Uint8Array(0);
  }
}
