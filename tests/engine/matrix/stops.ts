/** Where a run is stopped: one request waits, before it is looked at or with its answer ready, until the test has done what it came for. */

export interface Stop {
  /** The request itself waits, and has no effect yet; or its answer does, and it had its effect. */
  side: "before" | "after";
  /** "METHOD path". */
  call: RegExp;
  /** Only the answer that also holds this; a request's text is empty. */
  text?: RegExp;
  /** How many such requests pass first; default none. */
  pass?: number;
}

interface Armed extends Stop {
  seen: number;
  readonly reached: PromiseWithResolvers<void>;
  readonly left: PromiseWithResolvers<void>;
}

export class Stops {
  #armed: Armed | undefined;

  /** @returns a promise that is kept when something waits there; it and all that follow it wait until `goOn` or `drop` */
  arm(stop: Stop): Promise<void> {
    const armed = { ...stop, seen: 0, reached: Promise.withResolvers<void>(), left: Promise.withResolvers<void>() };
    armed.left.promise.catch(() => undefined);
    this.#armed = armed;
    return armed.reached.promise;
  }

  /** Lets what waits go on. */
  goOn(): void {
    this.#armed?.left.resolve();
    this.#armed = undefined;
  }

  /** What waits never happens: who sent it is dead. */
  drop(): void {
    this.#armed?.left.reject(new Error("its sender was killed"));
    this.#armed = undefined;
  }

  /** Called by whoever the requests go through. @throws when what waited is dropped */
  async pass(side: Stop["side"], call: string, text = ""): Promise<void> {
    const armed = this.#armed;
    if (armed?.side !== side || !armed.call.test(call) || armed.text?.test(text) === false) return;
    if (armed.seen++ < (armed.pass ?? 0)) return;
    armed.reached.resolve();
    await armed.left.promise;
  }
}
