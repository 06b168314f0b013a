import { describe, expect, it } from "vitest";
import { engineComplaint, requireSdk } from "./versions.ts";

describe("requireSdk", () => {
  it("lets an SDK pass that can ask for the engine's version, and says what another one needs", () => {
    requireSdk({ requirePulumiVersion: async () => undefined });
    expect(() => requireSdk({})).toThrow(/needs @pulumi\/pulumi >=3\.217\.0.*npm install @pulumi\/pulumi@latest/);
  });
});

describe("engineComplaint", () => {
  it("asks for the first engine that has replacementTrigger, and has nothing to say of a newer one", async () => {
    const asked: string[] = [];
    const requirePulumiVersion = async (range: string): Promise<void> => void asked.push(range);
    expect(await engineComplaint({ requirePulumiVersion })).toBeUndefined();
    expect(asked).toEqual([">=3.211.0"]);
  });
  it.each([
    "2 UNKNOWN: Pulumi CLI version 3.190.0 does not satisfy",
    "The installed version of the CLI does not support",
  ])("says what is needed and what the engine said: %s", async (said) => {
    const complaint = await engineComplaint({ requirePulumiVersion: () => Promise.reject(new Error(said)) });
    expect(complaint?.message).toMatch(/needs a Pulumi engine >=3\.211\.0, .*no droplet was created: .*install/);
    expect(complaint?.message).toContain(said.replace(/^2 UNKNOWN: /, ""));
    expect(complaint?.message).not.toContain("UNKNOWN");
  });
});
