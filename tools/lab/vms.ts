import { run } from "./service.ts";

/** What `bootseed vm ls --json` says of one VM: the fields that demo and tests look at. */
export interface Vm {
  readonly name: string;
  readonly urn: string;
  readonly seedId: string;
  readonly state: string;
  readonly instanceId: string | null;
  readonly addresses: readonly string[];
  readonly sourceClass: string;
  readonly hostKeysChanged: boolean;
  readonly topUps: number;
  readonly lastTopUp: {
    readonly counter: number;
    readonly receiptAt: number | null;
    readonly rcMix: number | null;
    readonly rcReseed: number | null;
  } | null;
  readonly report: {
    readonly verdict: string;
    readonly hostKeys: readonly string[];
    readonly evidence: {
      readonly hostKeysBefore: number;
      readonly gate: string;
      readonly timeline: readonly (readonly [string, number])[];
    };
  } | null;
}

/** @param mint `unix:///…` of the host */
export async function listVms(mint: string): Promise<Vm[]> {
  return (JSON.parse(await run("bootseed", ["vm", "ls", "--host", mint, "--json"])) as { vms: Vm[] }).vms;
}

/** The newest VM of that name. @throws {Error} when the host knows none */
export async function vmNamed(mint: string, name: string): Promise<Vm> {
  const vm = (await listVms(mint)).findLast((each) => each.name === name);
  if (vm === undefined) throw new Error(`expected a VM named ${name} at ${mint}, got none`);
  return vm;
}
