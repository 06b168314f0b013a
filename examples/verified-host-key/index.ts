import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet } from "bootseed";

const config = new pulumi.Config();

const web = new SeededDroplet("web", {
  name: "web",
  image: "debian-12-x64",
  region: "ams3",
  size: "s-1vcpu-1gb",
  sshKeys: [config.require("sshKey")], // id or fingerprint of a key in the account
});

// The provider compares one key, and its ssh, which is Go's, asks a server for its ECDSA key before all others. Without
// a key it would talk to anybody, so there is no fallback.
const hostKey = web.sshHostKeys.apply((keys) => {
  const key = keys.find((line) => line.startsWith("ecdsa-sha2-nistp256 ")) ?? keys[0];
  if (key === undefined) throw new pulumi.RunError("web has reported no host key");
  return key;
});

const appKey = new command.remote.Command("app-key", {
  connection: {
    host: web.droplet.ipv4Address,
    port: config.getNumber("sshPort") ?? 22,
    privateKey: config.requireSecret("privateKey"),
    hostKey,
  },
  create: "umask 077 && cat > /etc/app.key && sha256sum < /etc/app.key",
  stdin: config.requireSecret("appKey"),
});

export const installed: pulumi.Output<string> = appKey.stdout;
export const knownHosts: pulumi.Output<string> = web.knownHosts;
