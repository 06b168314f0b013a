import { CALL } from "./fault.ts";
import { initSuite } from "./init-suite.ts";

initSuite(CALL.rename);
