/** What happened before the simulated days begin: seeds were minted, first boots claimed them, and left their files. */
import {
  encodeClaim,
  fromBase64,
  fromHex,
  keyPair,
  parseClaimAnswer,
  pskFor,
  reservationsAnswerSchema,
} from "@bootseed/protocol";
import { mintApp } from "../../hwrng-host/mint/app.ts";
import type { HostNode } from "./host-node.ts";
import { opensshKey } from "./openssh-key.ts";
import type { Random } from "./random.ts";

const STACK = "org/project/stack";
const BATCH = 250;

export type Enrolled = {
  readonly vm: string;
  readonly seedId: string;
  readonly folder: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** Mints, commits and claims for all VMs at one host, as Pulumi and the first-boot hook do. */
export async function enrolAll(host: HostNode, vms: readonly string[], random: Random): Promise<Enrolled[]> {
  const mint = mintApp(host.context);
  const post = async (path: string, body: object): Promise<unknown> => {
    const answer = await mint.request(path, { method: "POST", body: JSON.stringify(body) });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const enrolled: Enrolled[] = [];
  for (let at = 0; at < vms.length; at += BATCH) {
    const urns = vms.slice(at, at + BATCH);
    const answer = reservationsAnswerSchema.parse(await post("/v1/reservations", { stack: STACK, urns }));
    for (const { urn, seedId, token, claimKey, psk0 } of answer.reservations) {
      await post(`/v1/reservations/${seedId}/commit`, { token, bind: "first-claim", name: urn });
      const identity = keyPair("ed25519", random.bytes(32));
      const { hostId, tlsPin, statement } = host.context.identity;
      const fields = {
        hostId,
        seedId: fromHex(seedId, 16),
        identityPk: identity.publicKey,
        bootId: random.bytes(16),
        instanceId: urn,
      };
      const claimed = await host.request("/v1/claims", encodeClaim(fields, fromBase64(claimKey), tlsPin));
      const { claimSecret, certificate } = parseClaimAnswer(claimed.body);
      if (claimSecret === undefined || certificate === undefined) throw new Error(`${urn}: claim is not final`);
      const ssh = opensshKey(identity);
      const files = new Map([
        ["identity", ssh.identity],
        ["identity.pub", ssh.identityPub],
        ["certificate", certificate],
        ["statement", statement.bytes],
        ["psk", pskFor(fromBase64(psk0), claimSecret)],
      ]);
      enrolled.push({ vm: urn, seedId, folder: answer.hostId, files });
    }
  }
  return enrolled;
}
