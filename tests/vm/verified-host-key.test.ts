import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startCloud, type Cloud } from "../../tools/lab/cloud.ts";
import { freePort } from "../../tools/free-port.ts";
import { startHost, type Host } from "../../tools/lab/host.ts";
import { makeOperatorKey } from "../../tools/lab/login.ts";
import { vmNamed } from "../../tools/lab/vms.ts";
import { partsOfRun, say } from "../../tools/setup/set-up.ts";
import { ExampleStack } from "../engine/examples/example-stack.ts";
import { withEvidence } from "./with-evidence.ts";

const KEY_FILE = "/etc/ssh/ssh_host_ed25519_key";

/** examples/verified-host-key on real parts: a secret goes to the VM that the seed was for, and to nobody else. */
describe("@pulumi/command with the host key from the VM's own report", { concurrent: false }, () => {
  let dir: string, host: Host, cloud: Cloud, stack: ExampleStack, id: string;
  const inVm = (command: string): Promise<string> => cloud.exec(id, command);
  /** By sshd's own tag: the journal gives no unit to a line whose process was gone before it looked (no `-u ssh`). */
  const sshdSaid = (): Promise<string> => inVm("journalctl --sync && journalctl -t sshd -o cat");

  beforeAll(async () => {
    const parts = await partsOfRun();
    dir = mkdtempSync(join(tmpdir(), "bootseed-vm-command-"));
    const authorized = await makeOperatorKey(join(dir, "operator"));
    host = await startHost(join(dir, "host"), "system", await freePort());
    cloud = await startCloud(parts.images, join(dir, "cloud"), ["--cpus", "1"]);
    stack = await ExampleStack.open("verified-host-key", { api: cloud.api });
    say(`@pulumi/command: ${parts.engine.command}`);
    const account = { method: "POST", headers: { authorization: "Bearer test" } };
    const body = JSON.stringify({ name: "operator", public_key: authorized });
    const added = (await (await fetch(`${cloud.api}/v2/account/keys`, { ...account, body })).json()) as {
      ssh_key: { fingerprint: string };
    };
    await stack.set("bootseed:host", host.mint);
    await stack.set("sshKey", added.ssh_key.fingerprint);
    await stack.set("sshPort", String(cloud.sshPort));
    await stack.setSecret("privateKey", readFileSync(join(dir, "operator"), "utf8"));
    await stack.setSecret("appKey", "first secret");
  });
  afterAll(async () => {
    await stack?.run("destroy", "--yes");
    await cloud?.stop();
    await host?.stop();
    await stack?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  it("one up makes the VM, learns its keys, and hands it the secret", async () => {
    // As a person types it, with its preview, in which neither droplet nor keys are known.
    await withEvidence(cloud, () => stack.mustUp());
    id = String((await vmNamed(host.mint, "web")).instanceId);
    expect(await inVm("cat /etc/app.key")).toBe("first secret");
    const digest = createHash("sha256").update("first secret").digest("hex");
    expect(await stack.output("installed")).toBe(`${digest}  -`);
    await stack.mustUp("--expect-no-changes");
  });

  const KINDS = '["ssh-ed25519 ", "ecdsa-sha2-"]';

  it("the server's ECDSA key works as well as its Ed25519 key", async () => {
    await stack.setSecret("appKey", "ecdsa secret");
    stack.edit([KINDS, '["ecdsa-sha2-"]']);
    await stack.mustUp("--skip-preview");
    expect(await inVm("cat /etc/app.key")).toBe("ecdsa secret");
    stack.edit();
  });

  it("the server's RSA key never works: the provider asks for ssh-rsa, which the server does not offer", async () => {
    await stack.setSecret("appKey", "second secret");
    stack.edit([KINDS, '["ssh-rsa "]']);
    const { ok, output } = await stack.run("up", "--yes", "--skip-preview");
    expect(ok).toBe(false);
    expect(output).toMatch(/no matching host key type found|no common algorithm for host key/);
    stack.edit();
  });

  it("somebody else at its address is sent nothing: no command, no secret, not even a try to log in", async () => {
    await inVm(`rm ${KEY_FILE}* && ssh-keygen -q -t ed25519 -N '' -f ${KEY_FILE} && systemctl restart ssh`);
    expect(await sshdSaid()).toMatch(/Accepted publickey for root/);
    await inVm("journalctl --rotate && journalctl --vacuum-time=1s");
    const { ok, output } = await stack.run("up", "--yes", "--skip-preview");
    expect(ok).toBe(false);
    expect(output).toMatch(/Host key verification failed|host key mismatch/);
    expect(output).not.toContain("second secret");
    expect(await inVm("cat /etc/app.key")).toBe("ecdsa secret");
    const refusal = /^Connection (closed|reset) by [\d.]+ port \d+ \[preauth\]$/m;
    const heard = await vi.waitFor(
      async () => {
        const said = await sshdSaid();
        expect(said).toMatch(refusal);
        return said;
      },
      { timeout: 60_000, interval: 1000 },
    );
    // sshd names the user as soon as a client asks to be let in.
    expect(heard).not.toMatch(/Accepted|publickey|user/);
  });

  it("a replaced VM has new keys, and the secret goes there", async () => {
    const urn = await stack.urn("droplet:Droplet", "web");
    await withEvidence(cloud, () => stack.mustUp("--skip-preview", "--replace", urn));
    id = String((await vmNamed(host.mint, "web")).instanceId);
    expect(await inVm("cat /etc/app.key")).toBe("second secret");
  });
});
