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

// The provider compares one key, and asks the server for a key of that kind only. Ed25519 and ECDSA work, whatever other
// keys the server has. RSA never works: the provider asks for "ssh-rsa", which is SHA-1, and servers no longer sign with it.
// Without a key the provider would accept any server, so there is no fallback.
const hostKey = web.sshHostKeys.apply((keys) => {
  const key = ["ssh-ed25519 ", "ecdsa-sha2-"].flatMap((kind) => keys.filter((line) => line.startsWith(kind)))[0];
  if (key !== undefined) return key;
  const kinds = keys.map((line) => line.split(" ")[0]).join(", ");
  throw new pulumi.RunError(
    `web has no host key that @pulumi/command can verify: expected ssh-ed25519 or ecdsa-sha2-nistp256, it reported ${kinds}`,
  );
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
