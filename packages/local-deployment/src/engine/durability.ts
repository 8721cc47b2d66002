/** Lets what leaves the process wait until the documents that it rests on are on disk. */
export class Durability {
  readonly #ask: ((id: number) => void) | null;
  readonly #waiting = new Map<number, () => void>();
  #asked = 0;

  /** @param ask asks to be told when all commits so far are stored, with this number; null where nothing is stored. */
  constructor(ask: ((id: number) => void) | null) {
    this.#ask = ask;
  }

  async untilStored(): Promise<void> {
    const ask = this.#ask;
    if (ask === null) return;
    const id = ++this.#asked;
    await new Promise<void>((resolve) => {
      this.#waiting.set(id, resolve);
      ask(id);
    });
  }

  stored(id: number): void {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }
}
