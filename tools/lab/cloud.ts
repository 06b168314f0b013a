import { run, startService, type Service } from "./service.ts";

/** local-cloud on loopback, with the guest image of the set-up. */
export interface Cloud extends Service {
  /** Base of the DigitalOcean-compatible API. */
  readonly api: string;
  /** where droplets' sshd is reached */
  readonly sshPort: number;
  /** Names of the droplets that there are, as the API lists them. */
  names(): Promise<string[]>;
  /** Runs a shell command as root in the droplet, through QEMU's guest agent; its standard output. */
  exec(id: string, command: string): Promise<string>;
  /** The droplet's console so far. */
  console(id: string): Promise<string>;
}

/** @param images folder with one folder per image slug @param dir run folder, removed by the caller */
export async function startCloud(images: string, dir: string, options: readonly string[] = []): Promise<Cloud> {
  const service = await startService(
    "local-cloud",
    ["serve", "--images", images, "--dir", dir, ...options],
    `${dir}.log`,
  );
  const api = String(service.ready["api"]);
  return {
    ...service,
    api,
    sshPort: Number(service.ready["sshPort"]),
    names: async () => {
      const answer = await fetch(`${api}/v2/droplets`, { headers: { authorization: "Bearer loopback-only" } });
      return ((await answer.json()) as { droplets: { name: string }[] }).droplets.map(({ name }) => name);
    },
    exec: (id, command) => run("local-cloud", ["exec", "--dir", dir, id, command]),
    console: (id) => run("local-cloud", ["console", "--dir", dir, id]),
  };
}
