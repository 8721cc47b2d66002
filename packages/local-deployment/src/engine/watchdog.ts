import { SharedSlot } from "./messages.ts";

const LOOKS_PER_LIMIT = 10;

/**
 * Watches, from outside, that a worker's transactions end and that its event loop turns.
 *
 * @param limitMs how long one transaction, or one turn of the event loop, may take.
 * @param onStuck is called once, with the message for whoever caused it.
 */
export class Watchdog {
  readonly #timer: NodeJS.Timeout;

  constructor(slots: Int32Array, limitMs: number, onStuck: (message: string) => void) {
    let lastSerial = -1;
    let lastBeat = -1;
    let looksInTransaction = 0;
    let looksWithoutBeat = 0;
    // Looks are counted, not milliseconds: where the whole machine stands still, so does the count.
    this.#timer = setInterval(() => {
      const serial = Atomics.load(slots, SharedSlot.serial);
      const beat = Atomics.load(slots, SharedSlot.heartbeat);
      const isInTransaction = Atomics.load(slots, SharedSlot.current) !== 0;
      looksInTransaction = isInTransaction && serial === lastSerial ? looksInTransaction + 1 : 0;
      looksWithoutBeat = beat === lastBeat ? looksWithoutBeat + 1 : 0;
      lastSerial = serial;
      lastBeat = beat;
      if (Math.max(looksInTransaction, looksWithoutBeat) < LOOKS_PER_LIMIT) return;
      this.stop();
      onStuck(`Function execution timed out (maximum duration: ${limitMs / 1000}s)`);
    }, limitMs / LOOKS_PER_LIMIT);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
