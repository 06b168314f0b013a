/** Commands that this one names for later, as they must be typed: with `--config` where the config is not the default one. */
import { resolve } from "node:path";
import { DEFAULT_CONFIG } from "../config/load.ts";

const COMMAND =
  /\bbootseed-host (?:(?:client|join-token) (?:add|ls|renew|revoke)|init|serve|moved-here|reload|mint|push|statement|revoke|backup|restore|status)\b(?!-)/g;

/** ` --config FILE`, absolute, or nothing. */
export function configOption(config: string): string {
  if (config === DEFAULT_CONFIG) return "";
  const file = resolve(config);
  return ` --config ${/^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", String.raw`'\''`)}'`}`;
}

/**
 * For text that was written where nobody knows the config's name: reasons, and what follows from a rotation.
 * @example withConfig("start it: bootseed-host serve", "/srv/host.yaml") // "start it: bootseed-host serve --config /srv/host.yaml"
 */
export function withConfig(text: string, config: string): string {
  const option = configOption(config);
  const named = text.replaceAll("--config FILE", option.trim() || `--config ${DEFAULT_CONFIG}`);
  return named.replaceAll(COMMAND, (command, at: number) =>
    /^[^`;\n]*--config/.test(named.slice(at)) ? command : command + option,
  );
}
