import { expect, it, vi } from "vitest";
import { say } from "./terminal.ts";

it("what is said to a person is text, whatever a host called its VM", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  say("web\u001b[2J\u009b\u202e…\nsecond line");
  expect(write.mock.calls).toEqual([["bootseed: web?[2J??…\nsecond line\n"]]);
  write.mockRestore();
});
