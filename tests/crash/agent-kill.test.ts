import { CALL } from "./fault.ts";
import { guestKillSuite } from "./guest-kill-suite.ts";
import { AGENT_PROGRAM } from "./programs.ts";

guestKillSuite(AGENT_PROGRAM, { random: 13, kinds: CALL.write | CALL.sync | CALL.rename | CALL.mix });
