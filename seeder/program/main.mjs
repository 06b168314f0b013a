// The program behind `pulumi up` at the root of the repository. Plain JavaScript, because on a Node that cannot run
// TypeScript an index.ts would die with ERR_UNKNOWN_FILE_EXTENSION before any message of ours.
import * as pulumi from "@pulumi/pulumi";

/** First Node that strips types without a flag. */
const NEEDED = [22, 18];

/** @param {string} message one sentence; a RunError is shown without a stack trace */
const refuse = (message) => {
  throw new pulumi.RunError(message);
};

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [needMajor = 0, needMinor = 0] = NEEDED;
  if (major < needMajor || (major === needMajor && minor < needMinor)) {
    refuse(
      `This program needs Node ${NEEDED.join(".")} or newer and runs on ${process.versions.node}: ` +
        "put a newer node first on PATH (in this repository: node_modules/.bin).",
    );
  }
}

/** What it is worth is said by droplets.ts, which knows the grammar. */
function checkHost() {
  const config = new pulumi.Config("bootseed");
  const host = config.get("host") ?? config.get("hosts") ?? process.env["BOOTSEED_HOST"];
  if (host === undefined || host === "") {
    refuse("No host is configured: pulumi config set bootseed:host unix:///run/bootseed/mint.sock");
  }
}

function checkEndpoint() {
  const config = new pulumi.Config("digitalocean");
  const endpoint = config.get("apiEndpoint") ?? process.env["DIGITALOCEAN_API_URL"];
  if (endpoint !== undefined && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : "")) {
    refuse(`The DigitalOcean endpoint is expected to be an http(s) URL, got ${JSON.stringify(endpoint)}.`);
  }
  const token = config.get("token") ?? process.env["DIGITALOCEAN_TOKEN"] ?? process.env["DIGITALOCEAN_ACCESS_TOKEN"];
  if (token === undefined || token === "") {
    refuse("No DigitalOcean token: pulumi config set --secret digitalocean:token … or set DIGITALOCEAN_TOKEN.");
  }
}

checkNode();
checkHost();
checkEndpoint();
const { engineComplaint, requireSdk } = await import("../droplet/versions.ts");
requireSdk();
const tooOld = await engineComplaint();
if (tooOld !== undefined) throw tooOld;
const program = await import("./droplets.ts");

export const knownHosts = program.knownHosts;
export const droplets = program.droplets;
