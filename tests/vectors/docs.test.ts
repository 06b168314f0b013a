/** docs/protocol.md says what the vectors say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VECTOR_FILES } from "./make.ts";

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
const page = oneLine(readFileSync(join(import.meta.dirname, "../../docs/protocol.md"), "utf8"));

describe("docs/protocol.md", () => {
  // An SSHSIG is OpenSSH's own format.
  const own = VECTOR_FILES.filter(({ message }) => message !== "sshsig");

  it.each(own.map(({ message, layout }) => [message, layout] as const))("has the layout of: %s", (_, layout) => {
    expect(page).toContain(oneLine(layout));
  });

  it("explains every code that a vector is refused with", () => {
    const codes = new Set(VECTOR_FILES.flatMap(({ refused }) => refused.map(({ code }) => code)));
    for (const code of codes) expect(page).toContain(`\`${code}\``);
  });

  it("has the sizes that the messages have", () => {
    for (const [message, sizes] of [
      ["statement", ["209 bytes"]],
      ["seed entry", ["396"]],
      ["claim answer", ["262 bytes"]],
      ["certificate", ["165 bytes"]],
      ["hello", ["126 bytes"]],
      ["packet", ["1,155 bytes", "1,162"]],
      ["receipt", ["42 bytes"]],
    ] as const) {
      const accepted = VECTOR_FILES.find((file) => file.message === message)?.accepted ?? [];
      for (const size of sizes) {
        expect(page).toContain(size);
        const bytes = Number(size.replaceAll(/\D/g, ""));
        expect(
          accepted.some((vector) => vector.bytes.length === 2 * bytes),
          `${message}: ${size}`,
        ).toBe(true);
      }
    }
  });
});
