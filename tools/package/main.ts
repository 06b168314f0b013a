// `npm run package`: builds the npm package `bootseed` and says where it lies and what is in it. `npm publish FILE` is left to people.
import { packedPackage } from "./pack.ts";

const { tarball, size, unpackedSize, files } = await packedPackage((line) => void process.stderr.write(`${line}\n`));
const n = (bytes: number): string => bytes.toLocaleString("en-US").padStart(9);
for (const file of files) process.stdout.write(`${n(file.size)}  ${file.path}\n`);
process.stdout.write(`${n(unpackedSize)}  bytes unpacked\n${n(size)}  bytes packed: ${tarball}\n`);
