/** The user-data of a seeded droplet in preview, in `up`, and when there is no seed to put in. */
import { checkUserData, type Kit, renderUserData } from "../render/render.ts";
import type { Reserved } from "./seed-run.ts";

export interface UserDataOptions {
  kit: Kit;
  wrap: "auto" | "force" | undefined;
  maxBytes: number | undefined;
}

/** What goes into the droplet, or why it must not be made. */
export type UserData = { ok: true; text: string } | { ok: false; reason: string };

/**
 * Goes in where a seed should be when there is none. cloud-init does not know its first line, the kit would find no seed
 * in it, and it says why it is there. An unchanged droplet ignores it; a new one is refused by the hook.
 *
 * @param reason why there is no seed
 */
export const poison = (reason: string): string =>
  `bootseed: there is no seed in this text and no machine may be made from it.\n${JSON.stringify(reason)}\n`;

function refused(render: () => string): UserData {
  try {
    return { ok: true, text: render() };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** For preview: the same limits, a placeholder where the seed will be, and no text. */
export const checkedUserData = (document: string | undefined, options: UserDataOptions): UserData =>
  refused(() => {
    checkUserData({ ...options, document });
    return "";
  });

/** @param reserved the seed, or why there is none */
export function seededUserData(document: string | undefined, options: UserDataOptions, reserved: Reserved): UserData {
  if (!reserved.ok) return reserved;
  return refused(() => renderUserData({ ...options, document, seedFile: reserved.seedFile }).text);
}
