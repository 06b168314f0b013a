/**
 * What cloud-init itself makes of our user-data: the boothook first, and behind it exactly the parts, types and bytes
 * that it makes of the user's document alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { type Kit, renderUserData } from "../../seeder/render/render.ts";
import { prerequisite } from "../prerequisite.ts";
import { askCloudInit, canAskCloudInit, type SeenPart } from "./cloud-init.ts";

const kit: Kit = {
  hook: "#cloud-boothook\n#!/bin/sh\nkit='@KIT@'\nseed=@SEED@\nexit 0\n",
  packed: `0${"{@=-~".repeat(2000)}`,
};
const seedFile = new Uint8Array(398).fill(5);
const hook = kit.hook
  .replace("@KIT@", () => kit.packed)
  .replace("@SEED@", () => Buffer.from(seedFile).toString("base64"));

const dir = mkdtempSync(join(tmpdir(), "bootseed-carriers-"));
const included = join(dir, "included.yaml");
writeFileSync(included, "#cloud-config\npackages: [included]\n");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const mime = (config: string): string => `Content-Type: multipart/mixed; boundary="==U=="
MIME-Version: 1.0

--==U==
Content-Type: text/cloud-config; charset="us-ascii"
Content-Disposition: attachment; filename="mine.yaml"

${config}
--==U==
Content-Type: text/x-shellscript

#!/bin/sh
echo hi

--==U==--
`;
const CONFIG = "#cloud-config\npackages: [jq]\n";
const JINJA = "## template: jinja\n#cloud-config\nruncmd: [echo {{ v1.local_hostname }}]\n";
const WIDE = "#cloud-config\n# Grüße, €, 漢字\nruncmd: ['printf \"a\\tb\"']\n";
const ARCHIVE = `#cloud-config-archive\n- type: text/x-shellscript\n  content: "#!/bin/sh\\necho a"\n- ${JSON.stringify(CONFIG)}\n`;
const HANDLER = "#part-handler\ndef list_types():\n    return ['text/x-mine']\n";

/** name, the document, the content types that its own part or parts must have */
const DOCUMENTS: [string, string | Uint8Array, string[]][] = [
  ["cloud-config", CONFIG, ["text/cloud-config"]],
  ["cloud-config that is not ASCII", WIDE, ["text/cloud-config"]],
  ["cloud-config with CRLF and no newline at the end", "#cloud-config\r\npackages: [jq]\r", ["text/cloud-config"]],
  ["cloud-config with blank lines around", `\n\n${CONFIG}\n\n`, ["text/cloud-config"]],
  ["shell script", "#!/bin/sh\necho hi", ["text/x-shellscript"]],
  ["shell script with a line that could end a part", "#!/bin/sh\n--\n--seed-==\nFrom x\n", ["text/x-shellscript"]],
  ["jinja", JINJA, ["text/jinja2"]],
  ["archive", ARCHIVE, ["text/x-shellscript", "text/cloud-config"]],
  ["include", `#include\nfile://${included}\n`, ["text/cloud-config"]],
  ["MIME with AWS's boundary", mime(CONFIG).replaceAll("==U==", "//"), ["text/cloud-config", "text/x-shellscript"]],
  [
    "MIME with Terraform's boundary and CRLF",
    mime(CONFIG).replaceAll("==U==", "MIMEBOUNDARY").replaceAll("\n", "\r\n"),
    ["text/cloud-config", "text/x-shellscript"],
  ],
  [
    "MIME's words inside cloud-config",
    `${CONFIG}write_files:\n- content: |\n    MIME-Version: 1.0\n`,
    ["text/cloud-config"],
  ],
  ["MIME multipart", mime(CONFIG), ["text/cloud-config", "text/x-shellscript"]],
  [
    "MIME that begins with an envelope line",
    `From nobody Mon Jan  1 00:00:00 2026\n${mime(CONFIG)}`,
    ["text/cloud-config", "text/x-shellscript"],
  ],
  ["MIME of one part", `MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n${CONFIG}`, ["text/cloud-config"]],
  ["gzip of cloud-config", gzipSync(CONFIG), ["text/cloud-config"]],
  ["gzip that is not ASCII", gzipSync(WIDE), ["text/cloud-config"]],
  ["gzip of MIME", gzipSync(mime(CONFIG)), ["text/cloud-config", "text/x-shellscript"]],
  ["part-handler", HANDLER, ["text/part-handler"]],
  ["boothook of the user's own", "#cloud-boothook\n#!/bin/sh\necho mine\n", ["text/cloud-boothook"]],
];

const present = prerequisite(
  await canAskCloudInit(),
  "expected apt-get and cloud-init's python modules: run npm run setup on Debian or Ubuntu",
);

describe.skipIf(!present)("cloud-init reads our carrier", () => {
  const render = (document?: string | Uint8Array, wrap?: "force"): string =>
    renderUserData({ kit, seedFile, document, wrap }).text;
  const expectHook = (part: SeenPart | undefined): void => {
    expect(part?.type).toBe("text/cloud-boothook");
    expect(part?.payload).toBe(hook);
  };

  it.each(DOCUMENTS)("%s: the hook first, then what it would be alone", async (_name, document, types) => {
    const [alone, carried] = await askCloudInit([document, render(document)]);
    expectHook(carried?.[0]);
    expect(carried?.slice(1)).toEqual(alone);
    expect(alone?.map((part) => part.type)).toEqual(types);
  });

  it("no document, and an empty one: the hook alone", async () => {
    for (const parts of await askCloudInit([render(), render(""), render("\n"), render(gzipSync(""))])) {
      expect(parts).toHaveLength(1);
      expectHook(parts[0]);
    }
  });

  it("unknown text, forced: the bytes arrive, the type is cloud-init's own for text that it does not know", async () => {
    const text = "packages: [jq]\n";
    const [alone, carried] = await askCloudInit([text, render(text, "force")]);
    expectHook(carried?.[0]);
    expect(carried?.[1]).toEqual({ type: "text/plain", payload: text });
    expect(alone?.[0]).toEqual({ type: "text/x-not-multipart", payload: text });
  });

  it("our own output as the document: nested whole", async () => {
    const [carried] = await askCloudInit([render(render(CONFIG))]);
    expect(carried?.map((part) => part.type)).toEqual([
      "text/cloud-boothook",
      "text/cloud-boothook",
      "text/cloud-config",
    ]);
  });
});
