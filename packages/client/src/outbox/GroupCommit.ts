import type { Entry, NewEntry } from "./entry.ts";
import type { OutboxStore } from "./store.ts";

/** Most entries in one transaction, so that nobody waits long behind many. */
export const GROUP_MAX_COUNT = 512;

type Waiting = {
  entry: NewEntry;
  resolve: (entry: Entry) => void;
  reject: (error: unknown) => void;
};

/**
 * Accepts entries that arrive together in one durable transaction: many callers share one wait for the disk. Each is answered
 * only when its own entry is on disk.
 */
export class GroupCommit {
  readonly #store: Pick<OutboxStore, "appendAll">;
  #waiting: Waiting[] = [];

  constructor(store: Pick<OutboxStore, "appendAll">) {
    this.#store = store;
  }

  /** Resolves to the accepted entry, or rejects with why it could not be accepted. Entries keep the order of the calls. */
  append(entry: NewEntry): Promise<Entry> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      // After the requests that this turn of the event loop has brought; while a commit waits for the disk, more arrive.
      if (this.#waiting.length === 1) setImmediate(() => this.#commit());
    });
  }

  /** Commits at once all that still waits. */
  commitAll(): void {
    while (this.#waiting.length > 0) this.#commit();
  }

  #commit(): void {
    const group = this.#waiting.splice(0, GROUP_MAX_COUNT);
    if (group.length === 0) return;
    if (this.#waiting.length > 0) setImmediate(() => this.#commit());
    try {
      const results = this.#store.appendAll(group.map(({ entry }) => entry));
      for (const [index, result] of results.entries()) {
        if (result instanceof Error) group[index]?.reject(result);
        else group[index]?.resolve(result);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
