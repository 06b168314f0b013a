import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bringsHostKeys } from "./brought-keys.ts";

const config = "#cloud-config\nssh_keys:\n  ed25519_private: |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n";

describe("C19 (hashicorp/terraform#17269): SSH host keys of the user's own", () => {
  it.each([
    ["cloud-config", config],
    ["flow style", '#cloud-config\n{"ssh_keys": {"rsa_private": "x"}}\n'],
    ["write_files", "#cloud-config\nwrite_files:\n- path: /etc/ssh/ssh_host_rsa_key\n  content: x\n"],
    ["a script", "#!/bin/sh\ncat >/etc/ssh/ssh_host_ed25519_key <<E\nx\nE\n"],
    ["gzip in base64", gzipSync(config).toString("base64")],
    ["gzip", gzipSync(config)],
    ["a base64 part of MIME", `Content-Transfer-Encoding: base64\n\n${Buffer.from(config).toString("base64")}\n`],
  ])("are seen in %s", (_, document) => {
    expect(bringsHostKeys(document)).toBe(true);
  });
  it.each([
    ["no document", undefined],
    ["authorized keys", "#cloud-config\nssh_authorized_keys:\n- ssh-ed25519 AAAA\n"],
    ["a comment", "#cloud-config\n# ssh_keys: none here\npackages: [jq]\n"],
    ["a public half", "#!/bin/sh\ncat /etc/ssh/ssh_host_ed25519_key.pub\n"],
    ["gzip that does not unpack", "H4sIAAAA"],
  ])("are not seen in %s", (_, document) => {
    expect(bringsHostKeys(document)).toBe(false);
  });
});
