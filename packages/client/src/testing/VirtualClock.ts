import { randomUUID } from "node:crypto";

import type { Clock } from "../clock.ts";

type Timer = { at: number; seq: number; callback: () => void };

/** A clock that a test turns. Its wall clock can jump; its monotonic one only goes forward. */
export class VirtualClock implements Clock {
  #monotonic: number;
  #offset: number;
  #seq = 0;
  readonly #timers = new Set<Timer>();

  readonly origin: string;

  /**
   * @param startsAt - What the wall clock shows at first, in milliseconds since 1970.
   * @param boot.origin - Clocks of the same origin are those of processes of one machine since its start.
   * @param boot.uptimeMs - How long ago that start was.
   */
  constructor(startsAt = 1_700_000_000_000, boot: { origin?: string; uptimeMs?: number } = {}) {
    this.origin = boot.origin ?? randomUUID();
    this.#monotonic = boot.uptimeMs ?? 0;
    this.#offset = startsAt - this.#monotonic;
  }

  now(): number {
    return this.#offset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#monotonic + Math.max(0, delayMs), seq: this.#seq++, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get timersCount(): number {
    return this.#timers.size;
  }

  /** Moves the wall clock alone. */
  jump(byMs: number): void {
    this.#offset += byMs;
  }

  /** Lets everything happen that is due within a time, in order, and what follows from it. */
  async advance(byMs: number): Promise<void> {
    const end = this.#monotonic + byMs;
    await settle();
    for (;;) {
      const next = this.#nextDue(end);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.at);
      next.callback();
      await settle();
    }
    this.#monotonic = end;
  }

  #nextDue(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      const isSooner =
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.seq < first.seq);
      if (isSooner) first = timer;
    }
    return first;
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}
