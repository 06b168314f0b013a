/** What `join` leaves to do, and what `doctor` advises after it: services by a stand-in for systemctl, files on a real disk. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { firstBoot } from "./doctor/first-boot.ts";
import { Machine } from "./machine.ts";
import { nextSteps } from "./next-steps.ts";
import type { Services } from "./services.ts";
import { sshdToRestart } from "./sshd-restart.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const PID = 812;
const TIMER = "systemctl enable --now bootseed-mix.socket bootseed-agent-topup.timer";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-next-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function file(path: string, content: string, ageSeconds = 0): string {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, content);
  const seconds = NOW_MS / 1000 - ageSeconds;
  utimesSync(at, seconds, seconds);
  return at;
}

/** The machine is up for 1,000 s; its sshd started `sshdAge` seconds ago, its host key was made `keyAge` seconds ago. */
function machine(sshdAge: number, keyAge: number): Machine {
  file("proc/uptime", "1000.25 3900.10\n");
  const after = Array.from({ length: 18 }, () => "0").join(" ");
  file(`proc/${PID}/stat`, `${PID} (sshd: a) b) S ${after} ${(1000.25 - sshdAge) * 100} 0 0\n`);
  file("etc/ssh/ssh_host_ed25519_key", "key", keyAge);
  return new Machine(root);
}

/** systemd as it answers for these units; null: no systemd. */
const services = (active: readonly string[] | null): Services => ({
  isActive: (unit) => (active === null ? null : active.includes(unit)),
  mainPid: (unit) => (active?.includes(unit) === true ? PID : null),
});

describe("the next steps after a join", () => {
  const steps = (active: readonly string[] | null, madeKeys: boolean, sshdAge = 900, keyAge = 5): string[] => {
    const tokenFile = file("root/web-7.token", "token");
    const made = { madeKeys, reported: true, tokenFile, nowMs: NOW_MS };
    return nextSteps(machine(sshdAge, keyAge), services(active), made).map((step) => step.replace(root, ""));
  };
  it("are three after new host keys: restart sshd, enable the timer, delete the token", () => {
    expect(steps(["ssh.service"], true)).toEqual(["systemctl restart ssh.service", TIMER, "rm /root/web-7.token"]);
    expect(steps(["sshd.service"], true)[0]).toBe("systemctl restart sshd.service");
  });
  it("name sshd also without new keys, as long as it runs since before its keys, and no longer", () => {
    expect(steps(["ssh.service"], false)).toContain("systemctl restart ssh.service");
    expect(steps(["ssh.service"], false, 3, 60)).toEqual([TIMER, "rm /root/web-7.token"]);
  });
  it("do not name an sshd that starts for each connection", () => {
    expect(steps(["ssh.socket"], true)).toEqual([TIMER, "rm /root/web-7.token"]);
  });
  it.each(["bootseed-agent-topup.timer", "bootseed-topup.timer"])(
    "do not name the timer while %s is active",
    (unit) => {
      expect(steps([unit], false)).toEqual(["rm /root/web-7.token"]);
    },
  );
  it("without systemd are in words", () => {
    expect(steps(null, true)).toEqual([
      "restart sshd, so that it shows the new keys",
      "run as root every 15 minutes, as from cron: bootseed-agent topup --due",
      "rm /root/web-7.token",
    ]);
  });
  it("keep the token while the report has not come, and a pipe is no file to delete", () => {
    const made = { madeKeys: false, nowMs: NOW_MS };
    const at = machine(3, 60);
    const kept = { ...made, reported: false, tokenFile: file("root/t", "token") };
    expect(nextSteps(at, services([]), kept)).toEqual([TIMER]);
    expect(nextSteps(at, services([]), { ...made, reported: true, tokenFile: "/dev/null" })).toEqual([TIMER]);
    const odd = { ...made, reported: true, tokenFile: file("root/a token's", "token") };
    expect(nextSteps(at, services([]), odd)).toEqual([TIMER, `rm '${root}/root/a token'\\''s'`]);
  });
});

describe("sshd has to be restarted", () => {
  it("where its process is older than a host key, whatever its name has in it", () => {
    expect(sshdToRestart(machine(900, 5), services(["ssh.service"]), NOW_MS)).toBe("ssh.service");
    expect(sshdToRestart(machine(3, 5), services(["ssh.service"]), NOW_MS)).toBeNull();
    expect(sshdToRestart(machine(900, 5), services([]), NOW_MS)).toBeNull();
    expect(sshdToRestart(machine(900, 5), services(null), NOW_MS)).toBeNull();
  });
});

describe("doctor's line on the first boot", () => {
  const at = (seconds: number): string => new Date(NOW_MS - seconds * 1000).toISOString().replaceAll(/[-:]|\..*/g, "");
  it("advises new host keys where there is no verdict", () => {
    const found = firstBoot(machine(3, 60));
    expect([found.verdict, found.fix]).toEqual(["warn", expect.stringMatching(/join .*--new-host-keys/)]);
  });
  it("does not advise them after a join made them", () => {
    mkdirSync(join(root, `etc/ssh/bootseed-old-${at(5)}`), { recursive: true });
    const found = firstBoot(machine(3, 5));
    expect([found.verdict, found.fix]).toEqual(["ok", undefined]);
    expect(found.why).toContain("made after the reseed of a join");
  });
  it("advises them again where a key is older than that join", () => {
    mkdirSync(join(root, `etc/ssh/bootseed-old-${at(5)}`), { recursive: true });
    file("etc/ssh/ssh_host_rsa_key", "old", 3600);
    expect(firstBoot(machine(3, 5)).verdict).toBe("warn");
  });
});
