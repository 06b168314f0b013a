import { enduranceSuite } from "./endurance-suite.ts";

enduranceSuite(1_000_000, true);
