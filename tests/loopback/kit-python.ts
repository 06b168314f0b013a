/** The system's Python with what the shipped kit needs of it. */
import { spawnSync } from "node:child_process";
import { prerequisite } from "../prerequisite.ts";

/** For `describe.skipIf(!KIT_PYTHON)`. */
export const KIT_PYTHON: boolean = prerequisite(
  spawnSync("/usr/bin/python3", ["-I", "-c", "import cryptography"]).status === 0,
  "expected Debian's python3-cryptography: apt-get install it",
);
