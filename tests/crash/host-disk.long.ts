import { hostDiskSuite } from "./host-disk-suite.ts";

hostDiskSuite(10_000);
