import { EVERYTHING } from "./fault.ts";
import { hostKillSuite } from "./host-kill-suite.ts";

hostKillSuite({ random: 180, kinds: EVERYTHING, stopKinds: EVERYTHING });
