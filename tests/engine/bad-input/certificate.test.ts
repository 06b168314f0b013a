/** Another certificate than the program knows: nobody is sent anything, whoever it is. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import { expect, it } from "vitest";
import { selfSigned } from "../../../hwrng-host/identity/self-signed.ts";
import { Drill } from "./drill.ts";

const OTHER =
  /no seed for \S+: host \S+ shows another certificate: expected sha256=.{64}, got sha256=(.{64}); nothing was sent to it\. .*bootseed-host statement/;

it("changed without a statement: somebody in the host's place hears nothing; the host itself is asked again", async () => {
  await using drill = await Drill.start();
  await drill.declare("web");
  await drill.passes("web");
  await drill.host.service.stop();
  const { keyPem, certificatePem } = await selfSigned("bootseed-host", randomBytes(8));
  let heard = "";
  const impostor = createServer({ key: keyPem, cert: certificatePem, minVersion: "TLSv1.3" });
  impostor.on("secureConnection", (socket) => {
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    socket.on("error", () => undefined);
  });
  impostor.listen(drill.host.port, "127.0.0.1");
  await once(impostor, "listening");
  await drill.declare("web", "db");
  expect(await drill.refused("db")).toMatch(OTHER);
  expect(heard).toBe("");
  impostor.close();
  await drill.serve();
  await drill.passes("db");
});

it("changed by a statement that the program was not told of: the error has the pin, to be compared", async () => {
  await using drill = await Drill.start();
  const before = drill.host.pin();
  await drill.host.operator("statement", "--new-certificate");
  await drill.host.operator("statement", "--use-certificate", "--now");
  await drill.host.service.stop();
  await drill.serve();
  expect(drill.host.pin()).not.toBe(before);
  await drill.use(drill.host.url(before));
  await drill.declare("web");
  const said = await drill.refused("web");
  expect(said).toMatch(OTHER);
  expect(await drill.host.operator("statement")).toContain(OTHER.exec(said)?.[1]);
  await drill.use(drill.host.url());
  await drill.passes("web");
});
