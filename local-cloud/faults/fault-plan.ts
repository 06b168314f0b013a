import { parseFault, type FaultEffect, type FaultRule } from "./fault-rule.ts";

/**
 * The faults that are still to come. Deterministic: nothing but the order of the requests decides. The first rule that matches a request
 * counts it; a rule that is used up lets the next one have its turn.
 */
export class FaultPlan {
  readonly #rules: { readonly rule: FaultRule; seen: number }[] = [];

  /** @throws RangeError that says the grammar */
  constructor(texts: readonly string[] = []) {
    for (const text of texts) this.add(text);
  }

  /** Adds a fault behind those that are there. @throws RangeError that says the grammar */
  add(text: string): void {
    this.#rules.push({ rule: parseFault(text), seen: 0 });
  }

  /** Forgets all that are left. */
  clear(): void {
    this.#rules.length = 0;
  }

  /** Rules that have not been used up, as they were written. */
  left(): string[] {
    return this.#rules.filter(({ rule, seen }) => seen < rule.after + rule.times).map(({ rule }) => rule.text);
  }

  /** What goes wrong with this request; counts it. */
  take(method: string, path: string): FaultEffect | undefined {
    for (const entry of this.#rules) {
      const { rule, seen } = entry;
      if (rule.method !== "*" && rule.method !== method) continue;
      if (!rule.path.test(path) || seen >= rule.after + rule.times) continue;
      entry.seen++;
      return seen < rule.after ? undefined : rule.effect;
    }
    return undefined;
  }
}
