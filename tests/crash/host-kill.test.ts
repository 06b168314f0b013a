import { CALL, FILES } from "./fault.ts";
import { hostKillSuite } from "./host-kill-suite.ts";

hostKillSuite({ random: 14, kinds: FILES, stopKinds: CALL.sync | CALL.unlink | CALL.truncate });
