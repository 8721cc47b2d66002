/** Time as this package sees it; injected, so that tests and simulations can turn it. */
export type Clock = {
  /** The wall clock in milliseconds since 1970. It may jump in either direction. */
  now(): number;
  /** Milliseconds since some fixed moment. It never jumps; every wait is measured with it. */
  monotonic(): number;
  /**
   * Calls back once after a time.
   *
   * @param options.keepAlive - Whether the process must live to see it. Default: no.
   * @returns A function that cancels it.
   */
  after(delayMs: number, callback: () => void, options?: { keepAlive?: boolean }): () => void;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback, options) => {
    const timer = setTimeout(callback, delayMs);
    if (options?.keepAlive !== true) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after a time; the process stays alive for it. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve, { keepAlive: true });
  });
}
