/** One thing that must be right. */
export interface Check {
  readonly name: string;
  readonly verdict: "ok" | "warn" | "bad";
  readonly why: string;
  /** What to do; absent where nothing has to be done. */
  readonly fix?: string;
}

export const ok = (name: string, why: string): Check => ({ name, verdict: "ok", why });
export const warn = (name: string, why: string, fix: string): Check => ({ name, verdict: "warn", why, fix });
export const bad = (name: string, why: string, fix: string): Check => ({ name, verdict: "bad", why, fix });
