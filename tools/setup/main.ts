import { setUp } from "./set-up.ts";

await setUp();
