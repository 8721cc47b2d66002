import type { EngineComponents } from "./engineComponents.ts";
import { requestContext } from "./requestContext.ts";

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

/** Makes the transactions inside actions wait for their turn, too. */
export function lockTransactions(
  components: EngineComponents,
  lock: TransactionLock,
  current: (requestId: number) => void,
): void {
  const { transactions } = components.internals;
  const begin = transactions.begin.bind(transactions);
  const end = transactions._endTransaction.bind(transactions);
  let release: (() => void) | null = null;
  transactions.begin = async (isNested, limits) => {
    const context = requestContext.getStore();
    if (!isNested && context?.ownsLock !== true) {
      release = await lock.acquire();
      current(context?.id ?? 0);
    }
    await begin(isNested, limits);
  };
  transactions._endTransaction = (isNested) => {
    end(isNested);
    if (isNested) return;
    // convex-test keeps what a query has not yet read for ever.
    for (const database of components.databases()) database._queryResults = {};
    if (release === null) return;
    const next = release;
    release = null;
    current(0);
    next();
  };
}
