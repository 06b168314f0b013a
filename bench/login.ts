/** How much later one is in a new VM: `pulumi up` to the first login, with real VMs of local-cloud, with and without bootseed in turns. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../tools/cache.ts";
import { startCloud } from "../tools/lab/cloud.ts";
import { freePort } from "../tools/free-port.ts";
import { startHost } from "../tools/lab/host.ts";
import { makeOperatorKey } from "../tools/lab/login.ts";
import { openStack, type Stack } from "../tools/lab/stack.ts";
import { setUp } from "../tools/setup/set-up.ts";
import type { Bench } from "./bench.ts";
import { plainLogin, seededLogin, type Side, type Times } from "./login/first-login.ts";
import { atMost, type Row } from "./row.ts";
import { median } from "./stats.ts";

const MORE_SECONDS = 3;

export const login: Bench = {
  name: "login",
  what: "pulumi up to the first login in a real VM, with and without bootseed (10 minutes; by name only)",
  byName: true,
  async run({ quick, say }) {
    await using undo = new AsyncDisposableStack();
    const parts = await setUp(say);
    const dir = mkdtempSync(join(tmpdir(), "bootseed-login-"));
    undo.defer(() => rmSync(dir, { recursive: true, force: true }));
    const key = join(dir, "operator");
    // No RSA key, on both sides: under emulation, finding its primes takes 5 to 17 s, by luck.
    const keyTypes = "ssh_genkeytypes: [ed25519, ecdsa]";
    const userData = `#cloud-config\nssh_authorized_keys: ["${await makeOperatorKey(key)}"]\n${keyTypes}\n`;
    const host = await startHost(join(dir, "host"), "system", await freePort());
    undo.defer(() => host.stop());
    const cloud = await startCloud(parts.images, join(dir, "cloud"));
    undo.defer(() => cloud.stop());
    const open = async (name: string): Promise<Side> => {
      const folder = join(dir, name);
      mkdirSync(folder);
      const stack = await openStack(parts.engine, folder, name, cloud.api, host.mint, cloud.sshPort);
      undo.defer(() => end(stack));
      return { stack, cloud, dir: folder, key };
    };
    const [seeded, plain] = [await open("seeded"), await open("plain")];
    runPlainProgram(join(dir, "plain/project"));

    const times: { seeded: Times[]; plain: Times[] } = { seeded: [], plain: [] };
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const droplet = { name: `web-${round}`, image: "debian-12-x64", size: "s-1vcpu-1gb", region: "ams3", userData };
      times.plain.push(await plainLogin(plain, droplet));
      times.seeded.push(await seededLogin(seeded, droplet));
      say(`plain ${shown(times.plain.at(-1))}; seeded ${shown(times.seeded.at(-1))}`);
    }
    return rows(times);
  },
};

/** Only the program differs: engine, provider, cloud, image and user's user-data are the same. */
function runPlainProgram(project: string): void {
  symlinkSync(join(ROOT, "bench"), join(project, "bench"));
  const file = join(project, "Pulumi.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^main: .*$/m, "main: bench/login/plain-program.mjs"));
}

/** After a failed round a VM may be left. */
async function end(stack: Stack): Promise<void> {
  await stack.pulumi(["destroy", "--yes", "--skip-preview"]).catch(() => undefined);
}

const shown = (times: Times | undefined): string =>
  times === undefined ? "" : `${times.login.toFixed(1)} s (up ${times.up.toFixed(1)}, sshd ${times.sshd.toFixed(1)})`;

function rows({ seeded, plain }: { seeded: readonly Times[]; plain: readonly Times[] }): Row[] {
  const pair = (what: string, part: keyof Times): Row => {
    const [value, other] = [seeded, plain].map((side) => median(side.map((times) => times[part])));
    return {
      what,
      value: value ?? Number.NaN,
      unit: "s",
      against: { what: "without bootseed", value: other ?? Number.NaN },
    };
  };
  const first = pair("pulumi up to the first login", "login");
  const more = first.value - (first.against?.value ?? Number.NaN);
  const spread = [seeded, plain].map((side) => side.map((times) => times.login.toFixed(1)).join(", "));
  return [
    {
      ...first,
      goal: atMost(more, MORE_SECONDS, `≤ the other + ${MORE_SECONDS} s`),
      note: `${more.toFixed(1)} s more, medians of ${seeded.length} VMs each, in turns; with: ${spread[0]}; without: ${spread[1]}. Without bootseed any host key is taken; with it, the key in the stack's output and no other`,
    },
    { ...pair("of that, kernel to sshd", "sshd"), note: "by the VM's own clock" },
    {
      ...pair("of that, until pulumi up ended", "up"),
      note: "with bootseed it waits for the report, without it for the cloud",
    },
  ];
}
