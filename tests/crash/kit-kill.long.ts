import { EVERYTHING } from "./fault.ts";
import { KIT_PROGRAM } from "./kit-program.ts";
import { firstBootSuite, guestKillSuite } from "./guest-kill-suite.ts";

guestKillSuite(KIT_PROGRAM, { random: 160, kinds: EVERYTHING });
firstBootSuite(KIT_PROGRAM, EVERYTHING);
