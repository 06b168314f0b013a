import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusAnswerSchema } from "@bootseed/protocol";
import { expect, it } from "vitest";
import { MintClient } from "./client.ts";

const refusal = (code: string): string => JSON.stringify({ error: { code, message: "no", fix: "do" } });

it.each([
  [200, "<html>hello</html>", 69, /is no bootseed-host of this version/],
  [200, "{}", 69, /is no bootseed-host of this version/],
  [502, "bad gateway", 69, /is no bootseed-host of this version/],
  [503, refusal("no-source"), 69, /^no$/],
  [429, refusal("rate-limited"), 69, /^no$/],
  [404, refusal("not-found"), 64, /^no$/],
  [409, refusal("conflict"), 64, /^no$/],
])("an answer %i %s ends with %i", async (status, text, exit, message) => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-mint-client-"));
  const socket = join(dir, "mint.sock");
  const server = createServer((_, answer) => answer.writeHead(status).end(text)).listen(socket);
  await once(server, "listening");
  const asked = new MintClient(socket).get("/v1/status", statusAnswerSchema);
  await expect(asked).rejects.toMatchObject({ exit, message: expect.stringMatching(message) });
  server.close();
  rmSync(dir, { recursive: true });
});
