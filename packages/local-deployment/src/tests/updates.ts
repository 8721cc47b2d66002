/** For tests: what a subscription is told, and waiting for what it shall be told. */
export class Updates<T> {
  newest: T | undefined;
  count = 0;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  readonly add = (value: T): void => {
    this.newest = value;
    this.count += 1;
    this.#wake();
  };

  readonly fail = (error: Error): void => {
    this.#failure = error;
    this.#wake();
  };

  /** The first value for which it holds, the newest one included. Rejects when the subscription fails. */
  async until(holds: (value: T) => boolean): Promise<T> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.count > 0 && holds(this.newest as T)) return this.newest as T;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
