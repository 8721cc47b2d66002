import type { Clock } from "../clock.ts";

export type Deadline = {
  clock: Clock;
  timeoutMs: number;
  /** Makes the error for work whose time is up. */
  late: () => Error;
};

/**
 * Does something within a time.
 *
 * @param work - Its signal is aborted when the time is up; a work that does not heed it is not waited for.
 * @throws What the work throws, or `late()`.
 */
export async function within<T>(
  { clock, timeoutMs, late }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let cancel: () => void = () => undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const end = () => {
      reject(late());
      abort.abort();
    };
    cancel = clock.after(timeoutMs, end, { keepAlive: true });
  });
  try {
    return await Promise.race([work(abort.signal), deadline]);
  } finally {
    cancel();
  }
}
