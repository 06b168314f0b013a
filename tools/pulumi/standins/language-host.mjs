// Stand-in for pulumi-language-nodejs, for machines that have no official language host; with `--python PYTHON RUNNER` for
// pulumi-language-python, whose program is then run by that Python with that runner.
//
// The official host is a small gRPC server that starts the SDK's own runners (`@pulumi/pulumi/cmd/run` for a program,
// `cmd/run-plugin` for a plugin that is a folder with PulumiPlugin.yaml) with the `node` of PATH, and so is this one. It
// knows nothing of the program: no plugin discovery (plugins come from PATH or from Pulumi.yaml), no `pulumi about`.
// Everything it does not answer is UNIMPLEMENTED, which the engine takes as "an older host". It calls itself a stand-in
// in `getPluginInfo` and on stderr.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const lang = require("@pulumi/pulumi/proto/language_pb.js");
const { LanguageRuntimeService } = require("@pulumi/pulumi/proto/language_grpc_pb.js");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js");
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb.js");
const { version } = require("@pulumi/pulumi/package.json");

/** The SDK's runner ends with this code when it has already told the user what went wrong. */
const ALREADY_REPORTED = 32;

/** @typedef {{ request: any, write: any, end: any, emit: any, on: any }} Call */
/** @typedef {(error: unknown, response?: unknown) => void} Callback */

let engineAddress = process.argv.at(-1) ?? "";
const python = process.argv[2] === "--python" ? process.argv.slice(3, 5) : undefined;

/**
 * The SDK of the program, not ours.
 * @param {string} directory of the program
 * @param {"run" | "run-plugin"} name
 */
const runnerFor = (directory, name) =>
  createRequire(`${directory}/program.js`).resolve(`@pulumi/pulumi/cmd/${name}/index.js`);

/**
 * The runner's command line and environment for one run request.
 * @param {any} request pulumirpc.RunRequest
 */
function runnerCommand(request) {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const [program = "", runner] = python ?? ["node", runnerFor(directory, "run")];
  const args = [
    runner,
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engineAddress}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--organization=${request.getOrganization()}`,
    `--root-directory=${info?.getRootDirectory() || directory}`,
    `--pwd=${directory}`,
    `--parallel=${request.getParallel()}`,
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() || ".",
  ];
  // On unless Pulumi.yaml says `typescript: false`: the runner then compiles index.ts as it loads it.
  const { typescript = true } = info?.getOptions()?.toJavaScript() ?? {};
  const env = {
    ...process.env,
    PULUMI_NODEJS_TYPESCRIPT: String(typescript),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
  return { directory, program, args, env };
}

/** @type {import("node:child_process").StdioOptions} */
const PIPED = ["ignore", "pipe", "pipe"];

/**
 * Passes on what a child says, until it ends.
 * @param {Call} call installDependencies or runPlugin
 * @param {import("node:child_process").ChildProcess} child
 * @param {(code: number | null) => void} ended
 */
function stream(call, child, ended) {
  const Response =
    call.request instanceof lang.RunPluginRequest ? lang.RunPluginResponse : lang.InstallDependenciesResponse;
  const pass = (/** @type {"setStdout" | "setStderr"} */ set) => (/** @type {Buffer} */ bytes) => {
    const response = new Response();
    response[set](bytes);
    call.write(response);
  };
  child.stdout?.on("data", pass("setStdout"));
  child.stderr?.on("data", pass("setStderr"));
  child.on("error", (error) => call.emit("error", { code: grpc.status.INTERNAL, message: error.message }));
  child.on("close", ended);
  call.on("cancelled", () => child.kill());
}

/** @type {Set<import("node:child_process").ChildProcess>} programs that run */
const programs = new Set();
/** The official host waits this long after the interrupt, and then kills. */
const INTERRUPTED_MS = 5_000;

/** @param {import("node:child_process").ChildProcess} child */
function interrupt(child) {
  child.kill("SIGINT");
  setTimeout(() => child.kill("SIGKILL"), INTERRUPTED_MS).unref();
}

/** @type {Record<string, (call: Call, callback: Callback) => void>} */
const answers = {
  handshake(call, callback) {
    engineAddress = call.request.getEngineAddress();
    callback(null, new lang.LanguageHandshakeResponse());
  },
  getPluginInfo(_call, callback) {
    const info = new PluginInfo();
    info.setVersion(version);
    callback(null, info);
  },
  getRequiredPlugins(_call, callback) {
    callback(null, new lang.GetRequiredPluginsResponse());
  },
  getRequiredPackages(_call, callback) {
    callback(null, new lang.GetRequiredPackagesResponse());
  },
  run(call, callback) {
    const { directory, program, args, env } = runnerCommand(call.request);
    const child = spawn(program, args, {
      cwd: directory,
      stdio: ["ignore", "inherit", "inherit"],
      env,
    });
    programs.add(child);
    call.on("cancelled", () => interrupt(child));
    child.on("error", (error) => callback({ code: grpc.status.INTERNAL, message: error.message }));
    child.on("close", (code) => {
      programs.delete(child);
      const response = new lang.RunResponse();
      if (code === ALREADY_REPORTED) response.setBail(true);
      else if (code !== 0) response.setError(`the program ended with code ${code}`);
      callback(null, response);
    });
  },
  /** At ^C the engine asks its plugins to cancel. The official host then ends the program, whatever is under way in it. */
  cancel(_call, callback) {
    for (const child of programs) interrupt(child);
    callback(null, new Empty());
  },
  installDependencies(call) {
    const { request } = call;
    const directory = request.getInfo()?.getProgramDirectory() || request.getDirectory();
    stream(
      call,
      spawn("npm", ["install", "--loglevel=error"], {
        cwd: directory,
        stdio: PIPED,
      }),
      (code) => {
        if (code === 0) call.end();
        else
          call.emit("error", {
            code: grpc.status.INTERNAL,
            message: `npm install in ${directory} ended with ${code}`,
          });
      },
    );
  },
  runPlugin(call) {
    const { request } = call;
    const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
    const split = (/** @type {string} */ line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)];
    const child = spawn("node", [runnerFor(directory, "run-plugin"), directory, ...request.getArgsList()], {
      cwd: request.getPwd(),
      stdio: PIPED,
      env: Object.fromEntries(request.getEnvList().map(split)),
    });
    stream(call, child, (code) => {
      const response = new lang.RunPluginResponse();
      response.setExitcode(code ?? 1);
      call.write(response);
      call.end();
    });
  },
};
for (const name of Object.keys(LanguageRuntimeService)) {
  answers[name] ??= (call, callback) => {
    const error = {
      code: grpc.status.UNIMPLEMENTED,
      message: `stand-in language host: ${name} is not there`,
    };
    if (LanguageRuntimeService[name].responseStream) call.emit("error", error);
    else callback(error);
  };
}

const stoodInFor = `pulumi-language-${python === undefined ? "nodejs" : "python"}`;
process.stderr.write(`language host: bootseed's stand-in, not the official ${stoodInFor}\n`);
const server = new grpc.Server();
server.addService(LanguageRuntimeService, answers);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (/** @type {Error | null} */ error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
