/** The one VM that an operator means. */
import type { Vm } from "@bootseed/protocol";
import { EXIT, HostError } from "../host-error.ts";

/**
 * Names are not unique: a droplet that was replaced has the name of the one before. A seedId is, and means its VM also
 * where another one is called so.
 */
export function onlyVm(vms: readonly Vm[], wanted: string): Vm {
  const exact = vms.filter(({ seedId }) => seedId === wanted);
  // As `bootseed vm forget` takes them.
  const found = exact.length > 0 ? exact : vms.filter((vm) => vm.name === wanted || vm.instanceId === wanted);
  const [vm] = found;
  if (vm !== undefined && found.length === 1) return vm;
  if (vm === undefined) {
    throw new HostError(
      "not-found",
      `no VM is called ${wanted}`,
      "use its name, seedId or instance-id, as `bootseed vm ls --json` shows them",
      EXIT.usage,
    );
  }
  const message = `${found.length} VMs are called ${wanted}: ${found.map(({ seedId }) => seedId).join(", ")}`;
  throw new HostError("conflict", message, "use the seedId of the one that is meant", EXIT.usage);
}
