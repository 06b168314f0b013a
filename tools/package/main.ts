// `npm run package`: builds the npm package `bootseed` and says where it lies and what is in it. `npm publish FILE` is left to people.
import { parseArgs } from "node:util";
import { packedPackage } from "./pack.ts";

const HELP = `Usage: npm run package

Builds the npm package \`bootseed\` from seeder/ and protocol/, and prints what is in it and, in the last line, its path.
It takes no options. Nothing is published.

Then, in your own Pulumi project:  npm install PATH
Exit: 0 done, 64 command line, 1 the build failed
`;

function end(to: NodeJS.WriteStream, text: string, code: number): never {
  to.write(text);
  process.exit(code);
}

try {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h", default: false } } });
  if (values.help) end(process.stdout, HELP, 0);
} catch (error) {
  const [reason] = (error instanceof Error ? error.message : String(error)).split(". ");
  end(process.stderr, `${reason}\n${HELP}`, 64);
}
const { tarball, size, unpackedSize, files } = await packedPackage((line) => void process.stderr.write(`${line}\n`));
const n = (bytes: number): string => bytes.toLocaleString("en-US").padStart(9);
for (const file of files) process.stdout.write(`${n(file.size)}  ${file.path}\n`);
process.stdout.write(`${n(unpackedSize)}  bytes unpacked\n${n(size)}  bytes packed: ${tarball}\n`);
