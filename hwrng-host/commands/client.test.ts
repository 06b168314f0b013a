import { expect, it } from "vitest";
import { addClient } from "./client.ts";

it.each(["x", "100/h", "0", "-1", "1.5", "", "1e3"])("--quota %j is refused before anything is made", async (quota) => {
  const options = { config: "/none", role: "mint", stacks: ["acme/**"], expires: undefined, out: undefined, ssh: true };
  await expect(addClient("ci", { ...options, quota })).rejects.toThrow(
    `--quota ${quota}: expected 1 to 1000000 seeds per hour`,
  );
});
