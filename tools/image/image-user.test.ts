// image-user.sh with a small image.sh in the place of the real one: what namespace it makes, and what it leaves.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa, type ResultPromise } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { imageUser, namespacesOfUser, ownedByUser, USER, userFolder } from "./as-user.ts";

const { ready, said } = namespacesOfUser();
const READY = prerequisite(
  ready,
  `expected user namespaces (uidmap installed, the user in /etc/subuid and /etc/subgid, user.max_user_namespaces above 0), got: ${said}`,
);

describe.skipIf(!READY)("image-user.sh", () => {
  let dir: string;
  beforeEach(() => {
    dir = userFolder();
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const script = (text: string): void => {
    writeFileSync(join(dir, "image.sh"), text);
    ownedByUser(join(dir, "image.sh"));
  };
  const build = (text: string): { status: number | null; stdout: string; stderr: string } => {
    script(text);
    const options = { input: "deb x\n", encoding: "utf8", env: { ...process.env, SUDO_UID: "12345" } } as const;
    return spawnSync(...imageUser(dir, dir, "bookworm"), options);
  };
  const left = (): string[] => readdirSync("/var/tmp").filter((name) => name.startsWith("bootseed-image-"));

  it("is root with all of Debian's ids, in a /var/tmp of its own, of which nothing is left", () => {
    const before = left();
    const { status, stdout, stderr } = build(`set -eu
      echo "$(id -u) $(ls /var/tmp | wc -l) \${SUDO_UID:-none} $2 $(cat)"
      : > /var/tmp/file && chown 65534:65534 /var/tmp/file
      : > "$1/built" && chown 0:0 "$1/built"`);
    expect([status, stdout, stderr]).toEqual([0, "0 0 none bookworm deb x\n", ""]);
    expect(statSync(join(dir, "built")).uid).toBe(USER);
    expect(left()).toEqual(before);
  });

  it("ends as image.sh does, with its words", () => {
    expect(build("echo why >&2; exit 7")).toMatchObject({ status: 7, stderr: "why\n" });
  });

  it("removes the folder of a build that was killed, and not that of one that runs", async () => {
    const before = left();
    script(
      `set -eu
       [ "$2" != quick ] || exit 0
       : > /var/tmp/mine && chown 1:1 /var/tmp/mine && : > "$1/$2"
       while [ ! -e "$1/go-on" ]; do sleep 0.1; done
       ls /var/tmp`,
    );
    const options = { input: "", reject: false } as const;
    const run = (word: string): ResultPromise<typeof options> => execa(...imageUser(dir, dir, word), options);
    const started = (word: string): Promise<void> =>
      vi.waitFor(() => expect(existsSync(join(dir, word))).toBe(true), 30_000);
    const killed = run("killed");
    await started("killed");
    killed.kill("SIGKILL");
    expect((await killed).signal).toBe("SIGKILL");
    expect(left().length).toBe(before.length + 1);
    const slow = run("slow");
    await started("slow");
    expect((await run("quick")).exitCode).toBe(0);
    writeFileSync(join(dir, "go-on"), "");
    expect((await slow).stdout).toBe("mine");
    expect(left()).toEqual(before);
  });
});
