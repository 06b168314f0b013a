/** cloud-init itself, unpacked from Debian's package and never installed. */
import { execa } from "execa";
import { join } from "node:path";
import { artifact } from "../../tools/cache.ts";

/** Content type and bytes of one part, as cloud-init's handlers get them. */
export interface SeenPart {
  type: string;
  payload: string;
}

/** Debian's python, not a newer one on PATH: the python modules that cloud-init needs are Debian's. */
const PYTHON = "/usr/bin/python3";
const NEEDS = ["jinja2", "requests", "configobj", "jsonpatch", "jsonschema", "oauthlib", "yaml"];

/** @returns whether the python modules that cloud-init imports are there, and apt-get to fetch it with */
export async function canAskCloudInit(): Promise<boolean> {
  const imports = execa(PYTHON, ["-c", `import ${NEEDS.join(", ")}`], { reject: false });
  const apt = execa("apt-get", ["--version"], { reject: false });
  return (await Promise.all([imports, apt])).every((ran) => !ran.failed);
}

const unpacked = (): Promise<string> =>
  artifact({
    name: "cloud-init",
    recipe: ["apt-get download cloud-init", "v1"],
    build: async (dir) => {
      await execa(
        "sh",
        ["-c", "apt-get download -q cloud-init && dpkg -x cloud-init_*.deb . && rm -f cloud-init_*.deb"],
        {
          cwd: dir,
          stdin: "ignore",
          timeout: 120_000,
        },
      );
    },
  });

/**
 * @param userData one or more documents
 * @returns for each, its parts in order
 */
export async function askCloudInit(userData: readonly (string | Uint8Array)[]): Promise<SeenPart[][]> {
  const modules = join(await unpacked(), "usr", "lib", "python3", "dist-packages");
  const input = JSON.stringify(userData.map((one) => Buffer.from(one).toString("base64")));
  const { stdout } = await execa(PYTHON, [join(import.meta.dirname, "ask.py"), modules], { input });
  const answer = JSON.parse(stdout) as [string, string][][];
  return answer.map((parts) =>
    parts.map(([type, payload]) => ({ type, payload: Buffer.from(payload, "base64").toString("latin1") })),
  );
}

/**
 * @param places texts before and after one character
 * @returns for each place, the code points there with which cloud-init finds a type; all but surrogates are tried
 */
export async function knownCodePoints(places: readonly (readonly [string, string])[]): Promise<number[][]> {
  const modules = join(await unpacked(), "usr", "lib", "python3", "dist-packages");
  const input = JSON.stringify(places);
  const { stdout } = await execa(PYTHON, [join(import.meta.dirname, "leading.py"), modules], { input });
  return JSON.parse(stdout) as number[][];
}
