import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { logIn, strictSsh, type Login } from "../lab/login.ts";
import { run } from "../lab/service.ts";
import type { Demo } from "./stage.ts";
import { engineOutput, heading, ok, paint, print, quoted, table, timeline } from "./show.ts";
import { timed } from "./stopwatch.ts";
import { vmNamed, type Vm } from "../lab/vms.ts";

/** Act 2: `pulumi up`, the VM's boot, the first login, a top-up. */
export async function vmAct(demo: Demo): Promise<void> {
  const { result, stack, host } = demo;
  heading("2. pulumi up: a real VM, its host keys known before the first login");
  const parts = result.pulumi;
  print(`  engine ${parts.engine}, language host: ${parts.languageHost}, provider: ${parts.provider}`);
  await stack.setDroplets([demo.droplet("web-1")]);
  await timed(result, "pulumi up", () =>
    stack.pulumi(["up", "--yes", "--skip-preview", "--suppress-progress"], engineOutput()),
  );

  const vm = await vmNamed(host.mint, "web-1");
  const report = vm.report;
  if (report === null || vm.instanceId === null) throw new Error(`expected web-1's report, got state ${vm.state}`);
  if (report.verdict !== "reseeded" || report.evidence.hostKeysBefore !== 0)
    throw new Error(
      `expected web-1 reseeded before any host key, got ${report.verdict}, ${report.evidence.hostKeysBefore} before`,
    );
  print(`\n  The boot of web-1, seconds since power-on of its kernel:`);
  timeline(report.evidence.timeline);

  const knownHosts = join(demo.dir, "known_hosts");
  writeFileSync(knownHosts, `${String(await stack.output("knownHosts"))}\n`, { mode: 0o600 });
  const login: Login = {
    address: vm.addresses[0] ?? "",
    port: demo.sshPort,
    user: "debian",
    key: demo.operatorKey,
    knownHosts,
  };
  print(`\n  First login, one try, with nothing but \`pulumi stack output knownHosts\`:`);
  print(
    `  ${paint(
      "dim",
      `$ ssh ${strictSsh(login)
        .filter((a) => /^(StrictHost|UserKnown)/.test(a))
        .map((a) => `-o ${a}`)
        .join(" ")} ${login.user}@${login.address}`,
    )}`,
  );
  const began = performance.now();
  const answer = await timed(result, "first login", () => logIn(login, "uname -n && ls /etc/ssh/ssh_host_*_key.pub"));
  const loginSeconds = Math.round(performance.now() - began) / 1000;
  quoted(answer);
  ok("logged in without a question: the host key was authentic before the first packet");

  const toppedUp = await timed(result, "top-up", () => topUp(demo, vm));
  const top = toppedUp.lastTopUp;
  ok(
    `topped up by a signed, sealed packet: counter ${top?.counter}, the kernel answered mix ${top?.rcMix}, reseed ${top?.rcReseed}`,
  );
  print();
  quoted(await run("bootseed", ["vm", "ls", "--host", host.mint]));

  result.vms.push({
    name: vm.name,
    verdict: report.verdict,
    hostKeysBefore: report.evidence.hostKeysBefore,
    claim: ["claimed", "reported"].includes(vm.state) ? "final" : vm.state,
    firstLogin: { answer: answer.split("\n")[0] ?? "", seconds: loginSeconds },
    topUp: top === null ? null : { counter: top.counter, rcMix: top.rcMix, rcReseed: top.rcReseed },
    sourceClass: vm.sourceClass,
    hostKeys: report.hostKeys,
    timeline: report.evidence.timeline,
  });
  result.sizes = await sizes(demo, vm);
  table([
    ["source of web-1's seed", vm.sourceClass],
    ["host keys there before the seed", String(report.evidence.hostKeysBefore)],
  ]);
}

/** Tops up by hand, without waiting for the timer. */
async function topUp(demo: Demo, before: Vm): Promise<Vm> {
  await demo.cloud.exec(String(before.instanceId), "/usr/bin/python3 -I /usr/local/lib/bootseed/kit.pyz topup now");
  const after = await vmNamed(demo.host.mint, before.name);
  if (after.topUps <= before.topUps || after.lastTopUp?.rcMix !== 0 || after.lastTopUp.rcReseed !== 0)
    throw new Error(
      "expected a new top-up that the kernel took, got none: run `kit.pyz topup now` in the VM and read what it says",
    );
  return after;
}

/** What we added to the droplet's user-data, as its metadata service gives it out, and the packet as the host's journal has it. */
async function sizes(demo: Demo, vm: Vm): Promise<{ userDataBytes: number; packetBytes: number }> {
  const fetch =
    "import urllib.request as u; print(len(u.urlopen('http://169.254.169.254/metadata/v1/user-data').read()))";
  const whole = Number(await demo.cloud.exec(String(vm.instanceId), `/usr/bin/python3 -c "${fetch}"`));
  const ours = whole - Buffer.byteLength(demo.droplet(vm.name).userData ?? "");
  const sent = readFileSync(demo.host.log, "utf8").matchAll(/"bytes":(\d+),"msg":"packet"/g);
  return { userDataBytes: ours, packetBytes: Number([...sent].at(-1)?.[1]) };
}
