/** What a start of `bootseed` loads: `known-hosts` runs at each ssh login, and the Pulumi SDK alone takes a second to load. */
import { execa } from "execa";
import { join } from "node:path";
import { expect, it } from "vitest";

const HOOK = `import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => { process.stderr.write(url + "\\n"); return next(url, context); } });`;

it.each([[["--version"]], [["known-hosts", "192.0.2.7", "--host", "unix:///nowhere", "--soft"]]])(
  "bootseed %j loads neither the Pulumi SDK nor what makes seeds",
  async (args) => {
    const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
    const main = join(import.meta.dirname, "main.ts");
    const { stderr } = await execa("node", ["--import", hook, main, ...args], { preferLocal: true });
    const loaded = stderr.split("\n");
    expect(loaded.filter((url) => url.endsWith("/seeder/cli/vm-commands.ts"))).toHaveLength(1);
    expect(loaded.filter((url) => /node_modules\/(?:@pulumi|@grpc)\/|seeder\/(?:inject|render)\//.test(url))).toEqual(
      [],
    );
  },
);
