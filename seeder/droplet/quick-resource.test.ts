import { afterEach, describe, expect, it, vi } from "vitest";
import { quickly } from "./quick-resource.ts";

const framesOf = (error: unknown): string[] => (error instanceof Error ? (error.stack ?? "").split("\n").slice(1) : []);
const framesInside = (): number => framesOf(new Error("looked at")).length;

/** Where the user's program would stand. */
function usersProgram(): void {
  quickly(() => {
    throw new Error("Missing required property 'image'");
  });
}

describe("quickly", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  it("collects no traces inside, and as many as before outside", () => {
    const before = Error.stackTraceLimit;
    expect(quickly(framesInside)).toBe(0);
    expect(Error.stackTraceLimit).toBe(before);
    expect(framesInside()).toBeGreaterThan(0);
  });
  it("leads what is thrown to the user's line", () => {
    const before = Error.stackTraceLimit;
    const thrown = (() => {
      try {
        usersProgram();
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toMatchObject({ message: "Missing required property 'image'" });
    expect(framesOf(thrown)[0]).toContain("usersProgram");
    expect(Error.stackTraceLimit).toBe(before);
  });
  it("leaves the traces to whoever looks for promises that leak", () => {
    vi.stubEnv("PULUMI_DEBUG_PROMISE_LEAKS", "1");
    expect(quickly(framesInside)).toBeGreaterThan(0);
  });
});
