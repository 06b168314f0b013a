/** The droplet's `ignoreChanges`: ours beside the user's own. */

type Ignoring = { ignoreChanges?: string[] | undefined };

/** Whether edits of the user-data are to change nothing: then the user said so, in one way or the other. */
export const ignoresUserData = ({ ignoreChanges = [] }: Ignoring): boolean =>
  ignoreChanges.some((path) => path === "userData" || path === "*");

/** The user's list, and `userData` once: a droplet that exists keeps the seed it was made with. */
export const alsoUserData = ({ ignoreChanges = [] }: Ignoring): string[] => [
  ...new Set([...ignoreChanges, "userData"]),
];
