import type { Clock } from "../clock.ts";
import { type Lease, LEASE_RENEWAL_MS } from "./store.ts";

/** The leases of what is in flight, renewed for as long as it takes. */
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

  /** Only what is in flight is renewed: a lease whose settlement failed must run out. */
  remove(lease: Lease): void {
    this.#held.delete(lease);
    if (this.#held.size > 0) return;
    this.#cancelRenewal();
    for (const none of this.#onNone.splice(0)) none();
  }

  /** Waits until there is none any more, or for a time; then lets go. @returns Those that are left. */
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
