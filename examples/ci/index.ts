import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet } from "bootseed";

const web = ["web-1", "web-2"].map(
  (name) =>
    new SeededDroplet(name, {
      name,
      image: "debian-12-x64",
      region: "ams3",
      size: "s-1vcpu-1gb",
      tags: ["web"],
      reportTimeoutSeconds: 600,
    }),
);

export const knownHosts: pulumi.Output<string> = pulumi
  .all(web.map((one) => one.knownHosts))
  .apply((lines) => lines.join(""));
