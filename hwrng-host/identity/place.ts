/**
 * Where a state folder is served: one machine, one folder. A copy (by cp, rsync or an image of the disk that was given another
 * machine-id) has the mark of the other place, and no service starts on it until an operator says that the host has moved.
 * A snapshot of the whole machine has machine-id and inode of the original, and cannot be told from it here.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf, EXIT, HostError } from "../host-error.ts";
import { replaceFile } from "./files.ts";

/** In the state folder, and in no backup. */
export const PLACE_FILE = "place";

/** The machine's number, hashed since machine-id(5) asks for that; empty where it has none, as in many containers. */
type Place = { readonly machine: string; readonly inode: string };
const placeSchema: z.ZodType<Place> = z.strictObject({ machine: z.string(), inode: z.string() });

/** @param machineIdFile for tests */
export function placeOf(dir: string, machineIdFile: string = "/etc/machine-id"): Place {
  let machineId = "";
  try {
    machineId = readFileSync(machineIdFile, "utf8").trim();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  const machine = machineId === "" ? "" : createHash("sha256").update(`bootseed place ${machineId}`).digest("hex");
  return { machine, inode: String(statSync(dir, { bigint: true }).ino) };
}

/** Notes the present place, as after a move. */
export function takePlace(dir: string, here: Place = placeOf(dir)): void {
  replaceFile(join(dir, PLACE_FILE), Buffer.from(`${JSON.stringify(here)}\n`));
}

/**
 * Notes the place where there is no note yet: of a new host, a restored one, and one of an earlier version.
 * @throws HostError "conflict" where the folder was served at another place
 */
export function requirePlace(dir: string, here: Place = placeOf(dir)): void {
  const before = noted(dir);
  if (before === null) {
    takePlace(dir, here);
    return;
  }
  const elsewhere = before.machine !== here.machine && before.machine !== "" && here.machine !== "";
  if (!elsewhere && before.inode === here.inode) return;
  const where = elsewhere ? "on another machine" : "in another folder, of which this one is a copy";
  const message = `the state folder ${dir} was served ${where}: two live copies of a host refuse each other's VMs`;
  const fix = "stop the other one for good and remove its folder; then `bootseed-host moved-here`, and start this one";
  throw new HostError("conflict", message, fix, EXIT.config);
}

function noted(dir: string): Place | null {
  try {
    return placeSchema.parse(JSON.parse(readFileSync(join(dir, PLACE_FILE), "utf8")));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    // A damaged note is no reason to refuse the start.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
