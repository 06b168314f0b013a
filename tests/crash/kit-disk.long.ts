import { KIT_PROGRAM } from "./guest-drill.ts";
import { guestDiskSuite } from "./guest-disk-suite.ts";

guestDiskSuite(KIT_PROGRAM, 1000);
