import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { templateTrigger } from "./template-trigger.ts";

const template = "#cloud-config\npassword: hunter2\n";

describe("templateTrigger", () => {
  it("is the same for the same template in every run and version, as it lies in the states of stacks", async () => {
    expect(await templateTrigger("#cloud-config\n", false)).toBe(
      createHash("sha256").update("bootseed template\n#cloud-config\n").digest("hex"),
    );
    expect(await templateTrigger("#cloud-config\n", true)).toMatchInlineSnapshot(
      `"9d36c1dc0304da131372238fabbd9e1e15983b53106705568523b0776422dc99"`,
    );
  });
  it("takes a missing template for an empty one", async () => {
    for (const secret of [false, true])
      expect(await templateTrigger(undefined, secret)).toBe(await templateTrigger("", secret));
  });
  it("tells templates apart, and a secret one from its quick hash", async () => {
    const all = [
      await templateTrigger(template, false),
      await templateTrigger(template, true),
      await templateTrigger(`${template} `, true),
      await templateTrigger("", true),
      await templateTrigger("", false),
    ];
    expect(new Set(all).size).toBe(all.length);
    for (const one of all) expect(one).toMatch(/^[0-9a-f]{64}$/);
  });
});
