import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { catchUp, topUp } from "../testing/follow.ts";
import { ServedHost } from "../testing/served-host.ts";

it("packet key and certificate are lost, as with a TPM; the root is at hand elsewhere: new ones are signed, VMs follow", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  const guest = await host.enrolled("web");
  expect(await topUp(host, guest)).toBe(1);
  await host.stop("SIGKILL");
  const root = join(host.dir, "root.away");
  renameSync(join(host.state, "root.key"), root);
  for (const name of ["packet.key", "tls.key", "tls.crt"]) rmSync(join(host.state, name));

  expect(host.run("serve")).toMatchObject({ code: 78, err: expect.stringMatching(/packet\.key[^]*--new-packet-key/) });
  expect(host.run("statement", "--new-packet-key", "--root-key", root)).toMatchObject({ code: 0, err: "" });
  expect(host.run("serve")).toMatchObject({ code: 78, err: expect.stringMatching(/tls\.[^]*--use-certificate --now/) });
  expect(host.run("statement", "--new-certificate", "--root-key", root)).toMatchObject({ code: 0, err: "" });
  expect(host.run("statement", "--use-certificate", "--now")).toMatchObject({ code: 0, err: "" });
  await host.serve();

  await expect(host.send(guest, "/v1/packets", guest.hello())).rejects.toThrow(/not the pinned certificate/);
  expect(await catchUp(host, guest)).toBe(1);
  expect(await topUp(host, guest)).toBe(2);
});

it("the secret is lost: nothing replaces it, the service does not start", async () => {
  await using host = await ServedHost.make();
  rmSync(join(host.state, "secret"));
  expect(host.run("serve")).toMatchObject({
    code: 78,
    err: expect.stringMatching(
      /secret is missing[^]*restore the state folder[^]*restore --config [^]*only without a backup: `bootseed-host init/,
    ),
  });
  expect(host.run("init")).toMatchObject({ code: 78, err: expect.stringMatching(/never make a new key/) });
});

it("each command that meets a lost folder, key or config says the same: restore first, init last", async () => {
  await using host = await ServedHost.make();
  const advice =
    /restore (?:it|the state folder) from its backup: `bootseed-host restore [^]*`bootseed-host init.* no VM knows/;
  const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
  const commands = [["serve"], ["statement"], ["backup", "--recipient", recipient, "--out", join(host.dir, "b.age")]];
  const ask = (): void => {
    for (const words of commands)
      expect(host.run(...words), words.join(" ")).toMatchObject({ code: 78, err: expect.stringMatching(advice) });
  };
  renameSync(host.state, `${host.state}-away`);
  ask();
  renameSync(`${host.state}-away`, host.state);
  rmSync(join(host.state, "secret"));
  expect(host.run("serve").err).toMatch(advice);
  expect(host.run("init").err).toMatch(advice);
  rmSync(host.config);
  ask();
});
