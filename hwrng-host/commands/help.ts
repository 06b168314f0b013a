/** What `--help` says below the options: examples that can be typed as they stand, and the exit codes. */
import { EXIT } from "../host-error.ts";

const MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  usage: "command line (an option, a name, a serial: also one that is taken or not there)",
  data: "a backup that is damaged or not opened",
  unavailable: "the service does not answer, or cannot",
  software: "a fault in bootseed-host itself",
  cantCreate: "cannot create a file",
  io: "input/output: device, disk, rights",
  config: "config or state folder wrong or damaged",
};
const LINES = Object.entries(EXIT).map(([name, code]) => `      ${code} ${MEANING[name as keyof typeof EXIT]}`);
const EXIT_CODES = `
Exit: 0 done
${LINES.join("\n")}
`;

const EXAMPLES: Readonly<Record<string, string>> = {
  "bootseed-host": `
  sudo npx bootseed-host init --guests 0.0.0.0:7443 --advertise host.example.net:7443
  sudo npx bootseed-host serve`,
  init: `
  bootseed-host init --guests 0.0.0.0:7443 --advertise host.example.net:7443
  bootseed-host init --config host.yaml --state-dir state --mint mint.sock --allow-chained      to look at it`,
  serve: `
  bootseed-host serve --config /etc/bootseed/host.yaml`,
  reload: `
  bootseed-host reload                                       after \`statement\`, or a change of \`advertise\` that was signed`,
  mint: `
  bootseed-host mint --name web-7 --out web-7.seed`,
  push: `
  bootseed-host push                                         who is dialled, and when next
  bootseed-host push web-7 203.0.113.9:7444
  bootseed-host push web-7 --off`,
  statement: `
  bootseed-host statement                                    the newest, and what the config would change
  bootseed-host statement --sign                             after \`advertise\` or \`intervalMs\` changed
  bootseed-host statement --new-packet-key                   then bootseed-host reload
  bootseed-host statement --new-certificate                  and a day later: --use-certificate
  bootseed-host statement --next-root root.pub               and later: --use-root /media/key/root.key`,
  "join-token": `
  bootseed-host join-token add --name web-7 --out web-7.token`,
  add: `
  bootseed-host join-token add --name db-1 --out db-1.token
  bootseed-host join-token add --name 'worker-*' --uses 20 --expires 24h --out workers.token`,
  ls: `
  bootseed-host join-token ls --json`,
  "join-token revoke": `
  bootseed-host join-token revoke ad61d093bbfa211957566ffec1c34b7d           its id, as \`join-token ls\` shows it`,
  client: `
  bootseed-host client add ci --stacks 'acme/*/prod' --quota 100 --out ci.token
  bootseed-host client ls
  bootseed-host client revoke ci`,
  "client add": `
  bootseed-host client add ci --stacks 'acme/*/prod' --quota 100 --out ci.token      https: needs listen.mintHttps
  bootseed-host client add desk --role read --stacks 'acme/**' --expires 7d --out desk.token
  bootseed-host client add builder --ssh --stacks 'acme/**'                          only port 22 is open`,
  "client ls": `
  bootseed-host client ls --json`,
  "client revoke": `
  bootseed-host client revoke ci                             its next request is refused`,
  "mint-stdio": `
  restrict,command="bootseed-host mint-stdio --client ci" ssh-ed25519 AAAA…          a line of authorized_keys`,
  revoke: `
  bootseed-host revoke web-7`,
  backup: `
  age-keygen -o operator.txt                                 once, on another machine
  bootseed-host backup --recipient age1… --out host.age      the service may run`,
  completion: `
  source <(bootseed-host completion bash)                    in ~/.bashrc; zsh for zsh`,
  "moved-here": `
  bootseed-host moved-here                                   when the other copy is stopped for good`,
  restore: `
  bootseed-host restore --check --identity operator.txt --in host.age      what is in it; writes nothing
  bootseed-host restore --identity operator.txt --in host.age
  bootseed-host serve`,
  status: `
  bootseed-host status --json`,
};

/** @param name of the command; those of one name are told apart by what they are below */
export function helpText(name: string, parent = ""): string {
  const examples = EXAMPLES[`${parent} ${name}`] ?? EXAMPLES[name] ?? "";
  return `\nExamples:${examples}\n${EXIT_CODES}`;
}
