import { CALL } from "./fault.ts";
import { hostKillSuite } from "./host-kill-suite.ts";

// Between two syncs the writes change nothing that counts; between a sync and its answer much may be forgotten.
hostKillSuite({
  random: 14,
  kinds: CALL.sync | CALL.send,
  stopKinds: CALL.sync | CALL.unlink | CALL.truncate,
});
