import type { Clock } from "../clock.ts";

/** Ends everything that is under way before its time: a request that hangs would keep alive a process that has given it up. */
export class EarlyEnd {
  readonly #ends = new Set<(error: Error) => void>();
  #error: Error | undefined;

  /** @param error - What all that is under way throws, and all that begins later. */
  end(error: Error): void {
    this.#error = error;
    for (const end of this.#ends) end(error);
  }

  /** @returns What takes it out again. */
  add(end: (error: Error) => void): () => void {
    if (this.#error !== undefined) end(this.#error);
    this.#ends.add(end);
    return () => void this.#ends.delete(end);
  }
}

export type Deadline = {
  clock: Clock;
  earlyEnd: EarlyEnd;
  timeoutMs: number;
  /** Makes the error for work whose time is up. */
  late: () => Error;
};

/**
 * Does something within a time.
 *
 * @param work - Its signal is aborted when the time is up; a work that does not heed it is not waited for.
 * @throws What the work throws, `late()`, or the error of the early end.
 */
export async function within<T>(
  { clock, earlyEnd, timeoutMs, late }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let cancel: () => void = () => undefined;
  let remove: () => void = () => undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const end = (error: Error) => {
      reject(error);
      abort.abort();
    };
    cancel = clock.after(timeoutMs, () => end(late()), { keepAlive: true });
    remove = earlyEnd.add(end);
  });
  try {
    return await Promise.race([work(abort.signal), deadline]);
  } finally {
    cancel();
    remove();
  }
}
