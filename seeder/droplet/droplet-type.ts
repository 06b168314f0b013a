/** Apart from the other type tokens, which need the Pulumi SDK: commands that only read a stack must not load it. */
export const DROPLET_TYPE = "digitalocean:index/droplet:Droplet";
