import { damageSuite } from "./damage-suite.ts";
import { PROGRAMS } from "./programs.ts";

for (const program of PROGRAMS) damageSuite(program, (whole) => Array.from({ length: whole }, (_, length) => length));
