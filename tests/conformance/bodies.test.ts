import { bodiesSuite } from "./bodies-suite.ts";

bodiesSuite(20_000);
