/** `3m`, `90s`, `500ms`, and sizes such as `16k`, as people type them. */
import { BootseedError } from "@bootseed/protocol";

const MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DAY_MS = 86_400_000;
const MAX_AGE_DAYS = 3650;
const MAX_BYTES = 16 << 20;

/**
 * @returns milliseconds, 1 ms to 24 h
 * @throws BootseedError "usage"
 * @example durationMs("3m") // 180000
 */
export function durationMs(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,8})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (MS[unit] ?? 0);
  if (ms >= 1 && ms <= DAY_MS) return ms;
  throw new BootseedError("usage", `expected a time such as 90s, 3m or 1h, at most 24h, got ${JSON.stringify(text)}`);
}

/**
 * @returns milliseconds, 1 ms to ten years
 * @throws BootseedError "usage"
 * @example ageMs("30d") // 2592000000
 */
export function ageMs(text: string): number {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  if (days === undefined) return durationMs(text);
  if (Number(days) >= 1 && Number(days) <= MAX_AGE_DAYS) return Number(days) * DAY_MS;
  throw new BootseedError("usage", `expected an age such as 12h or 30d, at most ${MAX_AGE_DAYS}d, got ${text}`);
}

/**
 * @returns bytes, 1 to 16 MiB
 * @throws BootseedError "usage"
 * @example byteCount("16k") // 16384
 */
export function byteCount(text: string): number {
  const [, count = "", unit] = /^(\d{1,8})(k?)$/i.exec(text) ?? [];
  const bytes = Number(count) * (unit === "" ? 1 : 1024);
  if (bytes >= 1 && bytes <= MAX_BYTES) return bytes;
  throw new BootseedError("usage", `expected a size such as 16k or 65536 bytes, got ${JSON.stringify(text)}`);
}
