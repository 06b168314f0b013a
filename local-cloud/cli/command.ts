import { addCompletion } from "../../seeder/cli/completion.ts";
import manifest from "../package.json" with { type: "json" };
import { resolve } from "node:path";
import { Command, Help } from "commander";
import { consoleFile, plain } from "../console.ts";
import { guestExec } from "../guest-agent.ts";
import { logFileOf } from "../run-folder.ts";
import { isAbout, linesOf, readable } from "./logs.ts";
import { cloudIn, dropletDir, dropletIn } from "./running-cloud.ts";
import { natural, serve, withServeOptions, type ServeOptions } from "./serve.ts";
import { ssh } from "./ssh.ts";
import { start, stop } from "./start-stop.ts";

const EXAMPLES = `
Examples:
  $ local-cloud start --dir /tmp/lc --images .cache/images --authorized-key ~/.ssh/id_ed25519.pub
  $ DIGITALOCEAN_API_URL=http://127.0.0.1:PORT DIGITALOCEAN_TOKEN=any pulumi up
  $ local-cloud list --dir /tmp/lc
  $ local-cloud logs --dir /tmp/lc --follow web-1
  $ local-cloud console --dir /tmp/lc web-1
  $ local-cloud ssh --dir /tmp/lc --known-hosts <(bootseed known-hosts web-1) web-1 uptime
  $ local-cloud stop --dir /tmp/lc

Exit codes: 0 done, 64 wrong usage, 66 no such droplet or file, 69 no cloud runs there, 70 fault of ours, 73 the folder is in use,
78 a cloud cannot start so (no image, port taken); exec and ssh: the command's own.
`;

interface Common {
  readonly dir: string;
  readonly json?: true;
}
const print = (text: string): void => void process.stdout.write(text);
const printJson = (value: Record<string, unknown>): void => print(`${JSON.stringify({ schema: 1, ...value })}\n`);
const say = (text: string): void => void process.stderr.write(`local-cloud: ${text}\n`);

/** `local-cloud`. @param argv what it will be run with: `start` hands its options on */
export function command(argv: readonly string[], done: (exitCode: number) => void): Command {
  const program = new Command("local-cloud")
    .version(manifest.version)
    .description("A DigitalOcean-compatible API on loopback whose droplets are QEMU VMs")
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(local-cloud --help shows the commands)")
    .configureHelp({
      optionDescription: (option) =>
        `${option.mandatory ? "(required) " : ""}${Help.prototype.optionDescription.call(new Help(), option)}`,
    })
    .exitOverride()
    .enablePositionalOptions();
  const add = (name: string, description: string): Command => program.command(name).description(description);
  const ofCloud = (name: string, description: string): Command =>
    add(name, description).requiredOption("--dir <dir>", "run folder of the running cloud");
  const json = ["--json", "one JSON object, schema 1"] as const;

  withServeOptions(add("serve", "serve the API until SIGTERM; the first line on standard output says where")).action(
    (options: ServeOptions) => serve(options),
  );
  withServeOptions(add("start", "serve the API in the background; returns when it is ready"))
    .option(...json)
    .action(async (options: ServeOptions & Common) => {
      const { event: _, ...ready } = await start(
        options.dir,
        argv.slice(argv.indexOf("start") + 1).filter((word) => word !== "--json"),
      );
      if (options.json) printJson(ready);
      else print(`${String(ready["api"])}\n`);
    });
  ofCloud("stop", "end all droplets and the API; done also when none runs")
    .option(...json)
    .action(async ({ dir, json: asJson }: Common) => {
      const pid = await stop(dir);
      if (asJson) printJson({ stopped: pid !== undefined, pid: pid ?? null });
      else say(pid === undefined ? `none runs in ${dir}` : `stopped, pid ${pid}`);
    });
  ofCloud("list", "list the droplets")
    .option(...json)
    .action(async ({ dir, json: asJson }: Common) => {
      const cloud = await cloudIn(dir);
      if (asJson) return print(`${JSON.stringify(cloud)}\n`);
      for (const { id, address, status, name, error } of cloud.droplets)
        print(`${id}  ${address}:${cloud.sshPort}  ${status}  ${name}${error === null ? "" : "  did not boot"}\n`);
    });
  ofCloud("logs", "print events and requests of a cloud that was started in the background")
    .option("-f, --follow", "go on until the cloud stops")
    .option("--json", "as they were written, one JSON object a line")
    .argument("[droplet]", "only this one's, by id or name")
    .action(async (droplet: string | undefined, options: Common & { follow?: true }) => {
      for await (const line of linesOf(logFileOf(options.dir), options.follow === true, options.dir))
        if (droplet === undefined || isAbout(line, droplet)) print(`${options.json ? line : readable(line)}\n`);
    });
  ofCloud("console", "print what a droplet wrote to its console")
    .option("-f, --follow", "go on until the cloud stops")
    .argument("<droplet>", "its id or name")
    .action(async (droplet: string, { dir, follow }: Common & { follow?: true }) => {
      const file = consoleFile(await dropletDir(dir, droplet));
      for await (const line of linesOf(file, follow === true, dir)) print(`${plain(line)}\n`);
    });
  ofCloud("exec", "run a shell command as root in a droplet, through QEMU's guest agent")
    .option("--timeout <seconds>", "for the whole command", natural, 120)
    .option(...json)
    .argument("<droplet>", "its id or name")
    .argument("<command>", "for /bin/sh -c")
    .action(async (droplet: string, shell: string, options: Common & { timeout: number }) => {
      const result = await guestExec(await dropletDir(options.dir, droplet), shell, options.timeout * 1000);
      if (options.json) printJson({ ...result });
      else print(result.stdout);
      if (!options.json) process.stderr.write(result.stderr);
      done(result.exitCode);
    });
  ofCloud("ssh", "log in to a droplet, or run a command there")
    .option("--known-hosts <file>", "the only host keys to believe, such as <(bootseed known-hosts NAME)")
    .option("--user <name>", "whom to log in as", "root")
    .option("--identity <file>", "private key")
    .passThroughOptions()
    .argument("<droplet>", "its id or name")
    .argument("[command...]", "for the shell there")
    .action(async (wanted: string, words: string[], options: Common & SshOptions) => {
      const { cloud, droplet } = await dropletIn(options.dir, wanted);
      const { knownHosts, identity, user } = options;
      if (knownHosts === undefined)
        say(
          "the host key is not checked: --known-hosts <(bootseed known-hosts NAME) checks it against the host's report",
        );
      const target = { address: droplet.address, port: cloud.sshPort, user, identity };
      done(await ssh({ ...target, knownHosts: knownHosts === undefined ? undefined : resolve(knownHosts) }, words));
    });
  addCompletion(program, print);
  return program;
}

interface SshOptions {
  readonly knownHosts?: string;
  readonly user: string;
  readonly identity?: string;
}
