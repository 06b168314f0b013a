import { damageSuite } from "./damage-suite.ts";
import { PROGRAMS } from "./programs.ts";

for (const program of PROGRAMS) damageSuite(program, (whole) => [0, Math.floor(whole / 2), whole - 1]);
