import { enduranceSuite } from "./endurance-suite.ts";

enduranceSuite(4000, false);
