import { EVERYTHING } from "./fault.ts";
import { guestKillSuite } from "./guest-kill-suite.ts";
import { AGENT_PROGRAM } from "./programs.ts";

guestKillSuite(AGENT_PROGRAM, { random: 160, kinds: EVERYTHING });
