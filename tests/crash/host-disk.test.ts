import { hostDiskSuite } from "./host-disk-suite.ts";

hostDiskSuite(400);
