// The whole build as an ordinary user, in minutes; tools/image/image-user.test.ts has the namespace alone.
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { imageUser, namespacesOfUser, ownedByUser, USER, userFolder } from "../../../tools/image/as-user.ts";
import { debianSources, ensureImage } from "../../../tools/image/image.ts";
import { prerequisite } from "../../prerequisite.ts";
import { debugfs } from "../plain-vm.ts";

const { ready, said } = namespacesOfUser();
const READY = prerequisite(ready, `expected user namespaces and uidmap, got: ${said}`);
/** Of the groups shadow, root, and of the user _apt: ids that an ordinary user does not have. */
const FILES = ["/etc/shadow", "/usr/bin/sudo", "/var/lib/apt/lists/partial"];

describe.skipIf(!READY)("an image that an ordinary user builds", () => {
  const dir = userFolder("image.sh");
  const out = join(dir, "out");
  afterAll(() => rmSync(dir, { recursive: true }));
  const names = (folder: string): string[] =>
    readFileSync(join(folder, "packages.txt"), "utf8")
      .split("\n")
      .map((line) => line.replace(/ \S+ /, " "));
  const owners = async (folder: string): Promise<string[]> => {
    const requests = FILES.map((file) => `stat ${file}`);
    const text = (await debugfs(join(folder, "base.qcow2"), requests)).toString();
    return text.match(/Mode: +\d+|User: +\d+|Group: +\d+/g) ?? [];
  };

  it("has the packages, modes and owners of the one in the cache, and its files are the user's", async () => {
    mkdirSync(out);
    ownedByUser(out);
    await execa(...imageUser(dir, out, "bookworm"), { input: await debianSources("bookworm") });
    const stock = await ensureImage();
    expect(names(out)).toEqual(names(stock));
    const expected = await owners(stock);
    expect(expected).toHaveLength(3 * FILES.length);
    expect(await owners(out)).toEqual(expected);
    for (const file of ["base.qcow2", "vmlinuz", "initrd", "packages.txt"])
      expect(statSync(join(out, file)).uid).toBe(USER);
  });
});
