/**
 * Everything asked for within a short time is one request: a Pulumi program registers its droplets at once, and three
 * thousand of them must not be three thousand questions to the host.
 */
import { Gathering } from "./gathering.ts";

/** Time that a batch stays open after its last item, in milliseconds (protocol.md, mint). */
export const BATCH_WINDOW_MS = 20;

/** The same while some are missing that were announced: they may have to wait for the others' droplets. */
export const MISSING_WINDOW_MS = 1_000;

/** A host takes 10,000 droplets in one request; these are half its body limit. */
export const AT_ONCE = 5_000;

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * @param send answers all items, in their order; if it throws, every item of that batch (5,000 at most) fails with the same error
 * @param windowMs how long to wait for more after each item
 * @param gathering who is still to ask
 * @returns a function that asks for one item
 *
 * @example
 * const reserve = batched((urns: string[]) => client.reserve(stack, urns));
 * const [a, b] = await Promise.all([reserve("urn:a"), reserve("urn:b")]); // one request
 */
export function batched<Item, Result>(
  send: (items: Item[]) => Promise<readonly Result[]>,
  windowMs: number = BATCH_WINDOW_MS,
  gathering: Gathering = new Gathering(),
): (item: Item) => Promise<Result> {
  let open: Waiting<Item, Result>[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = async (): Promise<void> => {
    const all = open;
    open = [];
    for (let at = 0; at < all.length; at += AT_ONCE) await sendOne(all.slice(at, at + AT_ONCE));
  };

  const sendOne = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await send(batch.map((waiting) => waiting.item));
      if (results.length !== batch.length)
        throw new RangeError(`expected ${batch.length} answers, got ${results.length}`);
      for (const [i, waiting] of batch.entries()) waiting.resolve(results[i] as Result);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  };

  const wait = (): void => {
    clearTimeout(timer);
    if (open.length > 0) timer = setTimeout(close, gathering.complete ? windowMs : MISSING_WINDOW_MS);
  };
  // After a pause of our own process the timer is due before the items are read that came meanwhile: those first.
  const close = (): void => {
    const { length } = open;
    setImmediate(() => (open.length === length ? void flush() : wait()));
  };
  gathering.onComplete(wait);

  return (item) =>
    new Promise((resolve, reject) => {
      open.push({ item, resolve, reject });
      wait();
    });
}
