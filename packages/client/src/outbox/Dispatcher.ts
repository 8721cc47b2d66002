import type { KlipstreamError } from "../errors.ts";
import type { Random, RetryPolicy } from "../retry/delay.ts";
import type { Deliver, Delivery, DeliveryStep } from "./delivery.ts";
import { type Entry, updateIdOf } from "./entry.ts";
import { Judge, type JudgeOptions, type Lesson } from "./Judge.ts";
import { createOwner } from "./owner.ts";
import { Leases } from "./Leases.ts";
import type { Claim, OutboxStore } from "./store.ts";
import { Traffic } from "./Traffic.ts";

/** How often to look for entries that other processes left, or whose lane was held. */
const LOOK_AGAIN_MS = 1000;

export type DispatcherOptions = JudgeOptions & {
  policy: RetryPolicy;
  random: Random;
  deployment: string;
  store: OutboxStore;
  deliver: Deliver;
  /** Asks the backend something that it must refuse, and says whether it did: then it works, whatever else failed. */
  isWorking: () => Promise<boolean>;
  /** Nothing will be sent for a while; of one lane only, where it is named. */
  onBlocked: (lane?: string) => void;
  /** Called at each step of an entry's life. */
  onStep: (step: DeliveryStep) => void;
};

type Failed = Delivery & { ok: false };

/**
 * Sends what the store holds: lane by lane in order, in batches, with one retry policy for all. What may be sent when is decided by
 * `Traffic`, what becomes of an entry by `Judge`.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #traffic: Traffic;
  readonly #judge: Judge;
  readonly #owner = createOwner();
  #credentialsRefused = false;
  #isClosed = false;
  /** The store belongs to someone else now. */
  #isAbandoned = false;
  #cancelTimer: () => void = () => undefined;
  readonly #leases: Leases;
  #asked: Promise<boolean> | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#traffic = new Traffic(options);
    this.#judge = new Judge(options);
    const { clock, store } = options;
    this.#leases = new Leases(clock, (lease) => {
      this.#attempt(() => store.renew(lease, clock.monotonic()));
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
   * Stops sending. Resolves once nothing is in flight, or after a time: what comes back later is ignored, as if the process had
   * died.
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
    for (const choice of this.#traffic.choices()) {
      const request = {
        ...choice,
        deployment,
        owner: this.#owner,
        now: clock.monotonic(),
        at: clock.now(),
      };
      const claim = this.#attempt(() => store.claim(request));
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
    const isFree = this.#traffic.mode === "open";
    // A store of this process alone changes only through it; a held lane needs a second look.
    const mayMissSomething =
      isFree &&
      (store.isShared || (this.#leases.count === 0 && store.pending(deployment, 1).length > 0));
    const moments = [this.#traffic.nextChoiceAt() ?? Infinity];
    if (mayMissSomething) moments.push(now + LOOK_AGAIN_MS);
    const next = Math.min(...moments);
    if (next === Infinity) return;
    this.#cancelTimer = clock.after(next - now, () => this.#pump());
  }

  async #run({ lease, entries }: Claim): Promise<void> {
    const lanes = [...new Set(entries.map(({ twitchId }) => twitchId))];
    this.#leases.add(lease);
    this.#traffic.started(lanes);
    try {
      await this.#deliver({ lease, entries }, lanes);
    } catch (error) {
      this.#logFailure(error);
    }
    this.#traffic.ended(lanes);
    this.#leases.remove(lease);
    this.#pump();
  }

  async #deliver({ lease, entries }: Claim, lanes: readonly string[]): Promise<void> {
    const { store, onStep } = this.#options;
    const { epoch, throughCount } = this.#traffic;
    const delivery = await this.#send(entries);
    if (delivery.ok) this.#reached(lanes);
    const isShown = () => this.#traffic.throughCount > throughCount || this.#ask();
    const { settlements, lesson } = await this.#judge.judge(entries, delivery, isShown);
    this.#attempt(() => store.settle(lease, settlements));
    onStep("settled");
    if (delivery.ok) return;
    if (lesson.about === "answer") this.#reached(lanes);
    else if (lesson.about === "credentials") this.#pause(delivery);
    else this.#failed(lanes, { ...lesson, epoch }, delivery.error);
  }

  /** Whether the backend works, by asking it; once for all that want to know at the same time. Not while nothing gets through anyway. */
  #ask(): boolean | Promise<boolean> {
    if (this.#traffic.mode === "away") return false;
    this.#asked ??= this.#options
      .isWorking()
      .then((isWorking) => {
        if (isWorking) this.#reached([]);
        return isWorking;
      })
      .finally(() => (this.#asked = undefined));
    return this.#asked;
  }

  async #send(entries: readonly Entry[]): Promise<Delivery> {
    const { deliver, onStep, log } = this.#options;
    const attempt = this.#traffic.failures + 1;
    onStep("sending");
    const delivery = await deliver(entries);
    onStep("answered");
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

  /** The backend answered. */
  #reached(lanes: readonly string[]): void {
    const { log } = this.#options;
    if (this.#credentialsRefused)
      log.write("auth.accepted", "the backend accepts the credentials again");
    this.#credentialsRefused = false;
    if (this.#traffic.through(lanes))
      log.write("delivery.recovered", "the backend can be reached again", {
        pending: this.#countPending(),
      });
  }

  #failed(
    lanes: readonly string[],
    failure: Lesson & { about: "failure" } & { epoch: number },
    { code }: KlipstreamError,
  ): void {
    const { clock, log, onBlocked } = this.#options;
    const [lane] = lanes;
    if (lanes.length > 1 || lane === undefined) {
      this.#traffic.batchFailed(lanes);
      return;
    }
    const wait = this.#traffic.failed(lane, failure);
    const isAway = this.#traffic.mode === "away";
    onBlocked(isAway ? undefined : lane);
    log.write(
      "delivery.retrying",
      isAway
        ? "the backend cannot be reached; updates are kept"
        : "this video's updates are kept; others go on",
      {
        twitchId: isAway ? undefined : lane,
        code,
        attempt: wait.failures,
        delayMs: Math.max(0, Math.round(wait.until - clock.monotonic())),
        pending: this.#countPending(),
      },
    );
  }

  #pause({ error, refreshMayHelp }: Failed): void {
    const { log, onBlocked } = this.#options;
    const { code, httpStatus, requestId } = error;
    if (refreshMayHelp) {
      log.write("auth.refreshed", "the token was refused; trying a fresh one", { code, requestId });
      return;
    }
    if (!this.#credentialsRefused)
      log.write(
        "auth.refused",
        `the backend refuses the credentials: ${error.message}; updates are kept and sent once CONVEX_API_KEY is mended`,
        { code, httpStatus, requestId, pending: this.#countPending() },
      );
    this.#credentialsRefused = true;
    this.#traffic.pause();
    onBlocked();
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
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.write("outbox.failed", message);
  }

  #countPending(): number | undefined {
    const { store, deployment } = this.#options;
    return this.#attempt(() => store.stats(deployment).pending);
  }
}
