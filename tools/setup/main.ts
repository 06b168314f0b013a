import { orExit, setUp } from "./set-up.ts";

await orExit(setUp());
