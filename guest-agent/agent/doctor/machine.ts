/** What this machine's kernel and programs are like. */
import { existsSync, readdirSync } from "node:fs";
import { childProcess } from "../lazy.ts";
import type { Machine } from "../machine.ts";
import { TIMERS } from "../next-steps.ts";
import { systemdServices } from "../services.ts";
import { sshdToRestart } from "../sshd-restart.ts";
import { bad, type Check, ok, warn } from "./check.ts";
import { firstBoot } from "./first-boot.ts";

/** /proc/sys/kernel/random/poolsize of the generator of 5.18 and its backports. */
const NEW_POOL_BITS = 256;

export function machineChecks(machine: Machine): Check[] {
  return [
    firstBoot(machine),
    ...sshd(machine),
    poolsize(machine),
    fips(machine),
    rdrand(machine),
    hardwareGenerator(machine),
    vmgenid(machine),
    helper(machine),
    cryptography(),
    timer(machine),
    clock(machine),
  ];
}

/** Only where something is to be done: an sshd that starts for each connection has no process to look at. */
function sshd(machine: Machine): Check[] {
  const unit = sshdToRestart(machine, systemdServices(machine.root), Date.now());
  if (unit === null) return [];
  return [warn("sshd", `${unit} runs since before its host keys were made`, `systemctl restart ${unit}`)];
}

function poolsize(machine: Machine): Check {
  const { kernel, poolsize: bits } = machine.generator();
  if (bits === NEW_POOL_BITS)
    return ok("generator", `Linux ${kernel}, pool of ${bits} bits: a reseed takes effect at once`);
  return warn(
    "generator",
    `Linux ${kernel}, pool of ${bits} bits: reseeds cannot be proven`,
    "run Linux 5.18 or later",
  );
}

function fips(machine: Machine): Check {
  if (machine.generator().fipsEnabled === 0) return ok("FIPS", "off: getrandom is the kernel's generator");
  const why = "on: another generator stands before the kernel's, which a reseed does not reach";
  return warn("FIPS", why, "expect the verdict `unproven`; keep FIPS only where it is demanded");
}

function rdrand(machine: Machine): Check {
  const flags = machine.text("/proc/cpuinfo");
  const found = ["rdrand", "rdseed"].filter((flag) => new RegExp(`\\b${flag}\\b`).test(flags));
  if (found.length > 0) return ok("processor", `${found.join(" and ")} shown to this machine`);
  return warn(
    "processor",
    "no rdrand: the kernel starts with little of its own",
    "bootseed's deliveries make up for it",
  );
}

function hardwareGenerator(machine: Machine): Check {
  const { rngCurrent } = machine.generator();
  if (rngCurrent === null) return ok("hw_random", "no device: deliveries are this machine's only hardware source");
  return ok("hw_random", rngCurrent);
}

function vmgenid(machine: Machine): Check {
  const folder = machine.at("/sys/bus/platform/drivers/vmgenid");
  const bound =
    existsSync(folder) && readdirSync(folder).some((name) => /^(QEMUVGID|VMGENID|vmgenid|.*:\d\d$)/i.test(name));
  if (bound) return ok("VMGENID", "the kernel reseeds itself when this machine is forked or restored");
  const fix = "after a restore with memory: bootseed-agent topup --now";
  return warn("VMGENID", "no driver bound: a restored copy does not notice", fix);
}

function helper(machine: Machine): Check {
  const places = ["/run/bootseed/mix.sock", "/usr/local/lib/bootseed/bootseed-mix"];
  const found = places.find((path) => existsSync(machine.at(path)));
  if (found !== undefined) return ok("helper", found);
  const fix = "run install.sh, then: systemctl enable --now bootseed-mix.socket";
  return bad("helper", "no bootseed-mix: nothing can be mixed or reseeded", fix);
}

function cryptography(): Check {
  const name = "kit";
  const script = "import cryptography;print(cryptography.__version__)";
  const ran = childProcess().spawnSync("/usr/bin/python3", ["-I", "-c", script], { encoding: "utf8" });
  if (ran.status === 0) return ok(name, `python cryptography ${ran.stdout.trim()}: the kit could take over`);
  return ok(name, "no python3-cryptography: the kit cannot top up, this agent does");
}

function timer(machine: Machine): Check {
  const name = "timer";
  if (machine.root !== "") return ok(name, "not looked at below a root");
  const show = ["show", "-PActiveState", "-PNextElapseUSecRealtime", "-PNextElapseUSecMonotonic"];
  for (const unit of TIMERS) {
    const ran = childProcess().spawnSync("systemctl", [...show, unit], { encoding: "utf8" });
    const [state, ...next] = (ran.stdout ?? "").trim().split("\n");
    if (state === "active") return ok(name, `${unit}, next ${next.filter((at) => at !== "").join(" ") || "unknown"}`);
  }
  return bad(name, "no top-up timer is active", "systemctl enable --now bootseed-agent-topup.timer");
}

function clock(machine: Machine): Check {
  const name = "clock";
  if (machine.root !== "") return ok(name, "not looked at below a root");
  const ran = childProcess().spawnSync("timedatectl", ["show", "-PNTPSynchronized", "--value"], { encoding: "utf8" });
  if (ran.stdout?.trim() === "yes") return ok(name, "synchronised");
  return warn(
    name,
    "not synchronised: deliveries work all the same, log times may not be right",
    "timedatectl set-ntp true",
  );
}
