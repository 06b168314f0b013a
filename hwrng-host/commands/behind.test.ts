import { describe, expect, it } from "vitest";
import { topUp } from "../testing/follow.ts";
import { ServedHost } from "../testing/served-host.ts";

describe("statement --behind", () => {
  it("names VMs until they were seen with the newest statement, and status counts them", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const behind = (): {
      serial: number;
      vms: { name: string; claimedAt: number | null; statementSerial: number | null }[];
    } => JSON.parse(host.run("statement", "--behind", "--json").out);
    const status = (): string => host.run("status").out;
    expect(host.run("statement", "--behind")).toMatchObject({
      code: 0,
      err: "",
      out: "every enrolled VM holds statement 1, the newest\n",
    });
    const web = await host.enrolled("web");
    await host.enrolled("quiet");
    // Its user-data has this statement, the newest.
    await host.guest("young");
    expect(behind().vms).toMatchObject([
      { name: "quiet", statementSerial: null },
      { name: "web", statementSerial: null },
    ]);
    expect(await topUp(host, web)).toBe(1);
    expect(behind().vms.map(({ name }) => name)).toEqual(["quiet"]);

    expect(host.run("statement", "--new-packet-key").code).toBe(0);
    expect(host.run("statement", "--behind")).toMatchObject({
      code: 69,
      out: "",
      err: expect.stringMatching(/statement \d+ is signed, the service uses 1\n {2}to do: first: bootseed-host reload/),
    });
    expect(host.run("reload").code).toBe(0);
    expect(behind()).toMatchObject({
      serial: expect.any(Number),
      vms: [
        { name: "quiet", statementSerial: null },
        { name: "young", claimedAt: null },
        { name: "web", statementSerial: 1 },
      ],
    });
    expect(status()).toMatch(
      /^ {2}3 VMs, 3 not yet seen with statement \d+, the newest: bootseed-host statement --config \S+ --behind$/m,
    );
    const text = host.run("statement", "--behind").out;
    expect(text).toMatch(/^young \([0-9a-f]{32}\): has not claimed its seed, dials the address in its user-data$/m);
    expect(text).toMatch(/^quiet \([0-9a-f]{32}\): no packet yet, last top-up never$/m);
    expect(text).toMatch(/^web \([0-9a-f]{32}\): holds statement 1, last top-up \d{4}-\d\d-\d\dT[\d:]+Z$/m);

    // It gets the statement with this packet, and shows it with the next one.
    expect(await topUp(host, web)).toBe(2);
    expect(behind().vms.map(({ name }) => name)).toEqual(["quiet", "young", "web"]);
    // Two packets at once is the quota of a VM: the third waits for its place.
    expect(host.run("revoke", "quiet").code).toBe(0);
    expect(host.run("revoke", "young").code).toBe(0);
    expect(behind().vms.map(({ name }) => name)).toEqual(["web"]);
  });
});
