/** `pulumi-resource-bootseed`: what the engine starts for a program in another language (PulumiPlugin.yaml). */
import { provider as host } from "@pulumi/pulumi";
import { provider } from "./provider.ts";

void host.main(provider, process.argv.slice(2));
