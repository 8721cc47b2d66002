import type { Clock } from "../clock.ts";
import { type Lease, LEASE_RENEWAL_MS } from "./store.ts";

/** Renews the leases of what is in flight, for as long as it takes. */
export class Leases {
  readonly #clock: Clock;
  readonly #renew: (lease: Lease) => void;
  readonly #held = new Set<Lease>();
  #cancelRenewal: () => void = () => undefined;
  #onNone: (() => void)[] = [];

  constructor(clock: Clock, renew: (lease: Lease) => void) {
    this.#clock = clock;
    this.#renew = renew;
  }

  get count(): number {
    return this.#held.size;
  }

  add(lease: Lease): void {
    this.#held.add(lease);
    if (this.#held.size === 1) this.#renewLater();
  }

  /** Renews a lease no more. It was settled, or its settlement failed and it must run out. */
  remove(lease: Lease): void {
    this.#held.delete(lease);
    if (this.#held.size > 0) return;
    this.#cancelRenewal();
    for (const none of this.#onNone.splice(0)) none();
  }

  /** Waits until no lease is left, at most for a time, and renews none any more. @returns Those that are left. */
  async end(timeoutMs: number): Promise<Lease[]> {
    if (this.#held.size > 0)
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(timeoutMs, resolve, { keepAlive: true });
        this.#onNone.push(() => {
          cancel();
          resolve();
        });
      });
    this.#cancelRenewal();
    return [...this.#held];
  }

  #renewLater(): void {
    this.#cancelRenewal = this.#clock.after(LEASE_RENEWAL_MS, () => {
      for (const lease of this.#held) this.#renew(lease);
      this.#renewLater();
    });
  }
}
