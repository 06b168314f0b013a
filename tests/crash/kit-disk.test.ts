import { KIT_PROGRAM } from "./kit-program.ts";
import { guestDiskSuite } from "./guest-disk-suite.ts";

guestDiskSuite(KIT_PROGRAM, 40);
