/** Lets one transaction run at a time, first come, first served. */
export class TransactionLock {
  #tail: Promise<void> = Promise.resolve();

  /** @returns what ends the turn, once the turn has come. */
  async acquire(): Promise<() => void> {
    const before = this.#tail;
    let release!: () => void;
    this.#tail = new Promise<void>((resolve) => (release = resolve));
    await before;
    return release;
  }
}
