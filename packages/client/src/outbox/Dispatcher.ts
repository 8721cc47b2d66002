import { messageOf } from "../errors.ts";
import type { Random, RetryPolicy } from "../retry/delay.ts";
import type { Deliver, Delivery, DeliveryStep } from "./delivery.ts";
import { type Entry, updateIdOf } from "./entry.ts";
import { Leases } from "./Leases.ts";
import { createOwner } from "./owner.ts";
import { lanesOf, Settler, type SettlerOptions } from "./Settler.ts";
import type { Claim } from "./store.ts";
import { Traffic } from "./Traffic.ts";

/** How often to look for entries that other processes left, or whose lane was held. */
const LOOK_AGAIN_MS = 1000;

export type DispatcherOptions = Omit<SettlerOptions, "traffic" | "attempt"> & {
  policy: RetryPolicy;
  random: Random;
  deliver: Deliver;
  /** Called at each step of an entry's life. */
  onStep: (step: DeliveryStep) => void;
};

/**
 * Sends what the store holds: lane by lane in order, in batches. `Traffic` decides what may be sent when, `Settler` what becomes of it.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #traffic: Traffic;
  readonly #settler: Settler;
  readonly #leases: Leases;
  readonly #owner = createOwner();
  #isClosed = false;
  /** The store belongs to someone else now. */
  #isAbandoned = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: DispatcherOptions) {
    const { clock, store } = options;
    const attempt = <T>(work: () => T) => this.#attempt(work);
    this.#options = options;
    this.#traffic = new Traffic(options);
    this.#settler = new Settler({ ...options, traffic: this.#traffic, attempt });
    this.#leases = new Leases(clock, (lease) => {
      attempt(() => store.renew(lease, clock.monotonic()));
    });
  }

  /** In one word: what is thought of the backend. See {@link Traffic}. */
  get state(): Traffic["mode"] | "closed" {
    return this.#isClosed ? "closed" : this.#traffic.mode;
  }

  /** Whether an update of this lane that is accepted now would have to wait. */
  isBlocked(lane: string): boolean {
    return this.#isClosed || this.#traffic.isBlocked(lane);
  }

  /** Looks for entries now. To be called at the start. */
  wake(): void {
    this.#pump();
  }

  /** An update was accepted. */
  accepted(): void {
    this.#traffic.earn();
    this.#pump();
  }

  /** Ends every wait now, unless the backend asked for it: for `flush`. */
  hurry(): void {
    this.#traffic.hurry();
    this.#pump();
  }

  /**
   * Stops sending. Resolves once nothing is in flight, or after a time. An answer that comes later is ignored, as if the process
   * had died.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    const left = await this.#leases.end(timeoutMs);
    // What is still in flight is sent again by the next process; the backend knows its ids.
    for (const lease of left) this.#attempt(() => this.#options.store.settle(lease, []));
    this.#isAbandoned = true;
  }

  /** Starts as many requests as there may be, and sees to it that it is called when there may be more. */
  #pump(): void {
    if (this.#isClosed) return;
    for (let claim = this.#claim(); claim !== null; claim = this.#claim()) void this.#run(claim);
    this.#lookAgainLater();
  }

  #claim(): Claim | null {
    const { store, deployment, clock, onStep } = this.#options;
    const holder = { deployment, owner: this.#owner, now: clock.monotonic(), at: clock.now() };
    for (const choice of this.#traffic.choices()) {
      const claim = this.#attempt(() => store.claim({ ...choice, ...holder }));
      if (claim === undefined) return null;
      if (claim !== null) {
        onStep("claimed");
        return claim;
      }
      if (choice.lane !== undefined) this.#traffic.missed(choice.lane);
    }
    return null;
  }

  #lookAgainLater(): void {
    const { clock, store, deployment } = this.#options;
    this.#cancelTimer();
    const now = clock.monotonic();
    const nextChoiceAt = this.#traffic.nextChoiceAt();
    // The end of a wait, or of the one probe, brings it here again.
    const isHeldBack =
      this.#traffic.mode !== "open" && (nextChoiceAt !== null || this.#leases.count > 0);
    // Other processes change a shared store. In one that is not shared, a lane may still have the lease of a settlement that failed.
    const mayMissSomething =
      !isHeldBack &&
      (store.isShared || (this.#leases.count === 0 && store.pending(deployment, 1).length > 0));
    const moments = [nextChoiceAt ?? Infinity];
    if (mayMissSomething) moments.push(now + LOOK_AGAIN_MS);
    const next = Math.min(...moments);
    if (next === Infinity) return;
    this.#cancelTimer = clock.after(Math.max(0, next - now), () => this.#pump());
  }

  async #run(claim: Claim): Promise<void> {
    const { lease, entries } = claim;
    const { onStep } = this.#options;
    const lanes = lanesOf(entries);
    const { epoch, throughCount } = this.#traffic;
    this.#leases.add(lease);
    this.#traffic.started(lanes);
    try {
      const delivery = await this.#send(entries);
      if (!this.#isAbandoned) await this.#settler.settle(claim, delivery, { epoch, throughCount });
      onStep("settled");
    } catch (error) {
      this.#logFailure(error);
    }
    this.#traffic.ended(lanes);
    this.#leases.remove(lease);
    this.#pump();
  }

  async #send(entries: readonly Entry[]): Promise<Delivery> {
    const { deliver, onStep, log } = this.#options;
    const attempt = this.#traffic.failures + 1;
    onStep("sending");
    const delivery = await deliver(entries);
    onStep("answered");
    if (this.#isAbandoned) return delivery;
    const { durationMs, httpStatus, requestId } = delivery;
    const only = entries.length === 1 ? entries[0] : undefined;
    const fields = {
      twitchId: only?.twitchId,
      updateId: only && updateIdOf(only.content),
      count: entries.length,
      attempt,
      durationMs,
      httpStatus,
      requestId,
    };
    if (delivery.ok) log.write("delivery.sent", "delivered", fields);
    else {
      const { code, message } = delivery.error;
      log.write("delivery.failed", message, { ...fields, code });
    }
    return delivery;
  }

  /** A store that fails keeps what it has: the lease runs out, and the entry is sent again. */
  #attempt<T>(work: () => T): T | undefined {
    if (this.#isAbandoned) return undefined;
    try {
      return work();
    } catch (error) {
      this.#logFailure(error);
      return undefined;
    }
  }

  #logFailure(error: unknown): void {
    this.#options.log.write("outbox.failed", messageOf(error));
  }
}
