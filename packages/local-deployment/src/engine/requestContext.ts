import { AsyncLocalStorage } from "node:async_hooks";

import type { Value } from "convex/values";

import type { CountedCommit } from "../documents/documentStore.ts";
import type { RangeFilter, ReadRange, ReadSet } from "../documents/readSet.ts";

/** What the engine keeps about one request while it runs, wherever its code goes. */
export type RequestContext = {
  id: number;
  logLines: string[];
  /** When `console.time` was called, by its label, in ms since the epoch. */
  timers: Map<string, number>;
  /** Ends an action with an error, while it runs. */
  abort: ((error: Error) => void) | null;
  /** What went wrong in a way that makes it worth to run the function again. */
  transientError: TransientError | null;
  /** True while the request itself holds the transaction lock. */
  ownsLock: boolean;
  /** What a called mutation has committed, which goes out with its answer; undefined for what goes out at once. */
  commit: CountedCommit | null | undefined;
  /** The arguments of the function that was called, until it begins; null for what it calls itself. */
  handedArgs: Value | null;
  /** The result of that function, where it is JSON already. */
  resultJson: string | null;
  reads: ReadRecorder | null;
  /** Where the page of a paginated query must end, from an earlier run of it. */
  pinnedCursor: string | null;
  /** Where its page ended in this run. */
  endCursor: string | null;
  /** The request that an HTTP action sees, as the engine gives it another URL. */
  httpUrl: string | null;
  /** What it wants to run inside of a component. */
  inside: (() => Promise<void>) | null;
  /** Why the sender of an HTTP action's request is unknown, if its Authorization header is none of Convex's. */
  tokenProblem: string | null;
};

export const requestContext = new AsyncLocalStorage<RequestContext>();

export function newContext(id: number, changes: Partial<RequestContext> = {}): RequestContext {
  return {
    id,
    logLines: [],
    timers: new Map(),
    abort: null,
    transientError: null,
    ownsLock: false,
    commit: undefined,
    handedArgs: null,
    resultJson: null,
    reads: null,
    pinnedCursor: null,
    endCursor: null,
    httpUrl: null,
    inside: null,
    tokenProblem: null,
    ...changes,
  };
}

/** A failure of the moment: the same call can succeed later. */
export type TransientError = { message: string; transientCode: string };

/** Runs an action; it also ends with what its callbacks and its promises throw that nothing waits for. */
export async function runAbortable<T>(context: RequestContext, run: () => Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => (context.abort = reject));
  try {
    return await Promise.race([requestContext.run(context, run), aborted]);
  } finally {
    context.abort = null;
  }
}

/** Gathers what a query reads. */
export class ReadRecorder {
  readonly #ids = new Set<string>();
  readonly #ranges: ReadRange[] = [];

  document(id: string): void {
    this.#ids.add(id);
  }

  range(table: string, filters: RangeFilter[]): void {
    this.#ranges.push({ table, filters });
  }

  result(): ReadSet {
    return { ids: [...this.#ids], ranges: this.#ranges };
  }
}
