import { bodiesSuite } from "./bodies-suite.ts";

bodiesSuite(100_000);
