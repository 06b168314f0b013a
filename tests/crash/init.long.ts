import { FILES } from "./fault.ts";
import { initSuite } from "./init-suite.ts";

initSuite(FILES);
