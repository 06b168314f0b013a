/**
 * How many are still to ask. The engine takes a program's droplets up one after the other, and a busy one pauses between them: what a batch
 * waits for is better counted than guessed from the time.
 */
export class Gathering {
  #missing = 0;
  readonly #whenComplete: (() => void)[] = [];

  /** One more is announced. */
  expect(): void {
    this.#missing++;
  }

  /** One of those has asked, or never will. One that was not announced changes nothing. */
  arrive(): void {
    if (this.#missing === 0 || --this.#missing > 0) return;
    for (const call of this.#whenComplete) call();
  }

  /** Nobody is missing. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /** @param call each time when the last one has asked */
  onComplete(call: () => void): void {
    this.#whenComplete.push(call);
  }
}
