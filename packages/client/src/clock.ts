import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

/** The clocks and timers of this package. They are injected, so that tests and simulations can set the time. */
export type Clock = {
  /** The wall clock in milliseconds since 1970. It may jump in either direction. */
  now(): number;
  /** Milliseconds since some fixed moment. It never jumps; every wait is measured with it. */
  monotonic(): number;
  /** Names that fixed moment: two readings of `monotonic` with the same origin can be compared, also between processes. */
  readonly origin: string;
  /**
   * Calls back once after a time.
   *
   * @param options.keepAlive - Whether the process must live to see it. Default: no.
   * @returns A function that cancels it.
   */
  after(delayMs: number, callback: () => void, options?: { keepAlive?: boolean }): () => void;
};

/** A reading of a monotonic clock, in milliseconds. */
export type Uptime = { origin: string; ms: number };

/** A moment on both clocks of a machine. */
export type Moment = {
  /** Milliseconds since 1970. */
  at: number;
  /** Null where only the wall clock was read. */
  uptime: Uptime | null;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  // All processes of one boot share this clock; `performance.now()` begins with the process.
  monotonic: () => Number(process.hrtime.bigint()) / 1e6,
  origin: bootId() ?? randomUUID(),
  after: (delayMs, callback, options) => {
    const timer = setTimeout(callback, delayMs);
    if (options?.keepAlive !== true) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Reads both clocks. */
export function momentOf(clock: Clock): Moment {
  return { at: clock.now(), uptime: { origin: clock.origin, ms: clock.monotonic() } };
}

/**
 * The time between two moments, never negative: by the monotonic clock where both were read from the same, else by the wall
 * clock.
 *
 * @returns Milliseconds.
 */
export function elapsedMs(since: Moment, until: Moment): number {
  const [start, end] = [since.uptime, until.uptime];
  const isComparable = start !== null && end !== null && start.origin === end.origin;
  return Math.max(0, isComparable ? end.ms - start.ms : until.at - since.at);
}

/** Resolves after a time; the process stays alive for it. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve, { keepAlive: true });
  });
}

/** Linux names each boot. Undefined elsewhere. */
function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Not Linux.
    return undefined;
  }
}
