/** Process of its own, so that its memory is the schedule's: FILE START SECONDS. */
import { runSchedule } from "./run.ts";

const [file = "", start, seconds] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await runSchedule(file, Number(start), Number(seconds))));
