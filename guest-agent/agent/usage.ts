/** What `--help` says. Each verb has an example that can be typed as it stands. */
export const VERBS = ["status", "topup", "join", "listen", "generalize", "doctor"] as const;
export type Verb = (typeof VERBS)[number];

const COMMON = `
Options of every verb:
  --json        one JSON document on stdout, with "schema": 1
  --root DIR    the machine's files are below DIR (for tests and for images that are mounted)
  -h, --help; -V, --version
`;

export const HELP: string = `bootseed-agent: fresh entropy from hardware for this machine, for as long as it lives

  status        what this machine has of each host
  topup         one delivery from every host
  join          enrol a machine that was created without a seed
  listen        take deliveries from hosts that dial (started by systemd)
  generalize    before this disk becomes an image: remove what must not be copied
  doctor        what is wrong here, why, and what to do
${COMMON}
Exit: 0 done, 64 command line, 65 not enrolled or damaged, 69 no delivery from a host, 70 a fault in bootseed itself,
      73 disk full or read-only, 74 input/output, 75 try again later, 77 not allowed (run it as root)

  bootseed-agent VERB --help, or bootseed-agent help VERB, tells more.
`;

export const VERB_HELP: Record<Verb, string> = {
  status: `bootseed-agent status [--json]

What the first boot found out, and for each host: enrolled or not, last delivery, refusals by reason.

Example:
  bootseed-agent status --json | jq .hosts
${COMMON}`,
  topup: `bootseed-agent topup [--now | --due] [--json]

One delivery from every host, each on its own: one that is dead or lies does not hold up another.
  --now         whatever the interval (default)
  --due         only where nine tenths of the host's interval have passed: for the timer

Example:
  bootseed-agent topup
${COMMON}`,
  join: `bootseed-agent join --token-file F [--name N] [--address HOST:PORT] [--new-host-keys] [--json]

Enrols this machine by an operator's token, mixes the host's bytes and reports the SSH host keys.
Typed again on a machine that is enrolled, it only reports again (with --new-host-keys: newer ones); the token is not used.
  --token-file F        (required) the file of \`bootseed-host join-token\`, mode 0600
  --name N              a name that the token allows; by default the host name, or else the token's only name
  --address HOST:PORT   dialled in place of what the token says, as through a tunnel
  --new-host-keys       new keys for sshd, made after the reseed; the old ones are kept aside

Example:
  bootseed-agent join --token-file /root/bootseed.token --name web-7
${COMMON}`,
  listen: `bootseed-agent listen [--bind ADDRESS:PORT] [--json]

Takes deliveries from hosts that dial: at most 4 connections, 10 s each; ends when nobody came for 30 s.
  --bind ADDRESS:PORT   a port of its own; by default the socket that systemd passes

Example:
  systemctl enable --now bootseed-agent-listen.socket
${COMMON}`,
  generalize: `bootseed-agent generalize (--yes | --dry-run) [--json]

Removes identity, state and seeds of this machine, so that machines made from its image do not share them.
The marks of seeds that are spent stay: they forbid that a seed is ever counted twice.

Example:
  bootseed-agent generalize --dry-run
${COMMON}`,
  doctor: `bootseed-agent doctor [--json]

One line for each thing that must be right: verdict, why, what to do. Exit 69 when one is bad.

Example:
  bootseed-agent doctor
${COMMON}`,
};
