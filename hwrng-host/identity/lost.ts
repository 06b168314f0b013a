/** What to do where a key or the whole folder is lost: one text for every command that meets it. */

/** A new host is the last resort: VMs that are enrolled do not follow it. */
export const RESTORE: string =
  "restore the state folder from its backup: `bootseed-host restore --identity KEYFILE --in BACKUP`; " +
  "only without a backup: `bootseed-host init` in an empty folder makes a new host, which no VM knows";

/** Where there may never have been a host. */
export const RESTORE_OR_INIT: string =
  "where there was a host, restore it from its backup: `bootseed-host restore --identity KEYFILE --in BACKUP`; " +
  "only where there was none: `bootseed-host init` makes a new host, which no VM knows";
