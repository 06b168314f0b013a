/** What to type where a report has not come. */

/** @param stack empty for a machine that joined: its report came with it @param those "it", "them" */
export const waitHint = (stack: string, those: string = "it"): string =>
  stack === "" ? "" : `; bootseed wait --stack ${stack} waits for ${those}`;
