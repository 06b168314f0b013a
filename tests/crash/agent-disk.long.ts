import { guestDiskSuite } from "./guest-disk-suite.ts";
import { AGENT_PROGRAM } from "./programs.ts";

guestDiskSuite(AGENT_PROGRAM, 1000);
