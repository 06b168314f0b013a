import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { knownHostsLines, SeededDroplet } from "bootseed";

const region = "ams3";
const net = new digitalocean.Vpc("net", { region });

// Arguments of any droplet; the seed is added to its user-data. Hosts and token are in the stack's configuration.
const web = ["web-1", "web-2"].map(
  (name) =>
    new SeededDroplet(name, {
      name,
      image: "debian-12-x64",
      size: "s-1vcpu-1gb",
      region,
      vpcUuid: net.id,
      tags: ["web"],
      userData: "#cloud-config\npackages: [nginx]\n",
    }),
);
const ids = web.map(({ droplet }) => droplet.id.apply(Number));

export const firewall: pulumi.Output<string> = new digitalocean.Firewall("web", {
  dropletIds: ids,
  inboundRules: [
    { protocol: "tcp", portRange: "22", sourceAddresses: ["203.0.113.0/24"] },
    { protocol: "tcp", portRange: "443", sourceAddresses: ["0.0.0.0/0", "::/0"] },
  ],
  // Without these nothing leaves a droplet: it could neither claim its seed nor report its keys.
  outboundRules: ["tcp", "udp"].map((protocol) => ({
    protocol,
    portRange: "1-65535",
    destinationAddresses: ["0.0.0.0/0", "::/0"],
  })),
}).id;

const address = new digitalocean.ReservedIp("web", { region, ...(ids[0] === undefined ? {} : { dropletId: ids[0] }) });

/** For ~/.ssh/known_hosts. The reserved address leads to the first droplet, so it has the same keys. */
export const knownHosts: pulumi.Output<string> = pulumi
  .all([address.ipAddress, web.map((one) => one.knownHosts), web.map((one) => one.sshHostKeys)])
  .apply(([ip, lines, keys]) => lines.join("") + knownHostsLines([ip], keys[0] ?? []));

export const reserved: pulumi.Output<string> = address.ipAddress;
