import { CALL } from "./fault.ts";
import { KIT_PROGRAM } from "./kit-program.ts";
import { firstBootSuite, guestKillSuite } from "./guest-kill-suite.ts";

guestKillSuite(KIT_PROGRAM, { random: 13, kinds: CALL.write | CALL.sync | CALL.rename | CALL.mix });
firstBootSuite(KIT_PROGRAM, CALL.rename | CALL.unlink | CALL.mix);
