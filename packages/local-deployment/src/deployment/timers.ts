/** Longest delay that Node's timers take. */
const LONGEST_MS = 2 ** 31 - 1;

/** Named timers; setting one again replaces it. Long delays are waited for in parts. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** @param dueAt ms since the epoch. */
  set(name: string, dueAt: number, run: () => void): void {
    this.clear(name);
    const delay = Math.max(0, dueAt - Date.now());
    const timer = setTimeout(
      () => {
        this.#timers.delete(name);
        if (delay > LONGEST_MS) this.set(name, dueAt, run);
        else run();
      },
      Math.min(delay, LONGEST_MS),
    );
    this.#timers.set(name, timer);
  }

  clear(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  clearAll(): void {
    for (const name of [...this.#timers.keys()]) this.clear(name);
  }
}
