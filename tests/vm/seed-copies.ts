import type { Cloud } from "../../tools/lab/cloud.ts";

/**
 * Files in the guest that still hold the seed: raw, hex, or base64 as it came. The needle is taken from the metadata service, where the
 * user-data stays readable for the droplet's whole life; claimKey and psk0 are parts of the entry, so their bytes are searched too.
 *
 * @returns the paths, or "no seed in user-data" when the search itself would prove nothing
 */
export async function seedCopies(cloud: Cloud, id: string): Promise<string[]> {
  const script = `
import base64, os, re, urllib.request
data = urllib.request.urlopen("http://169.254.169.254/metadata/v1/user-data", timeout=20).read()
found = re.search(rb"BOOTSEED=([A-Za-z0-9+/=]{500,})", data)
text = found and found[1]
entry = base64.b64decode(text)[2:] if found else None
if entry is None: print("no seed in user-data"); raise SystemExit
parts = [entry[25:89], entry[89:121], entry[121:153]]
needles = [p for p in parts] + [p.hex().encode() for p in parts] + [text[i:i + 60] for i in range(36, 200, 40)]
for top in ["/var", "/run", "/etc", "/usr/local", "/root", "/home", "/tmp"]:
    for folder, _, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.isfile(path) or os.path.getsize(path) > 50_000_000: continue
            with open(path, "rb") as f: body = f.read()
            if any(n in body for n in needles): print(path)
`;
  const encoded = Buffer.from(script).toString("base64");
  const found = await cloud.exec(id, `echo ${encoded} | base64 -d | /usr/bin/python3 -`);
  return found.split("\n").filter(Boolean);
}
