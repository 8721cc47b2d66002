import type { Clock } from "../clock.ts";
import { Backoff, type Wait } from "../retry/backoff.ts";
import type { Random, RetryPolicy } from "../retry/delay.ts";
import { BATCH_MAX_COUNT } from "./store.ts";

/** Most requests in flight. */
export const IN_FLIGHT_MAX_COUNT = 4;

/** While credentials are refused, one attempt in this time. */
export const CREDENTIALS_RETRY_MS = 30_000;

/**
 * What is thought of the backend:
 *
 * - **open**: up to 4 requests at once, batches, any lane that is not waiting by itself.
 * - **away**: nothing gets through, whichever lane tries: an outage, whatever the errors say. When the wait is over, one entry is sent
 *   to see, from another lane each time.
 * - **paused**: it refuses the credentials. One entry every 30 s is sent to see.
 */
type Backend = { mode: "open"; wait?: never } | { mode: "away" | "paused"; wait: Wait };
type Mode = Backend["mode"];

/**
 * What is thought of a lane that failed; of others nothing is kept:
 *
 * - **split**: it was in a batch that failed as a whole. Its next entry goes alone, at once.
 * - **doubted**: it failed alone, and nothing has got through since: the reason may be the backend.
 * - **blamed**: it failed while others got through: the reason is in the lane. It has a wait of its own.
 */
export type Standing = "split" | "doubted" | "blamed";

type FailingLane = {
  standing: Standing;
  /** One that was split does not wait. */
  wait: Wait | undefined;
  isUnderWay: boolean;
  /** How often in a row there was nothing to claim from it. */
  misses: number;
  lookAgainAt: number;
};

/** Where nothing can be claimed from a lane, another process has it, or it is empty. It is forgotten after so many looks. */
const MISSES_MAX_COUNT = 20;
const LOOK_AGAIN_MS = 1000;

/**
 * Every move, as `what happens: from -> to`. Asserted by `Traffic.test.ts`; a lane of which nothing is kept is `fine`.
 */
export const LANE_MOVES = {
  batchFails: { fine: "split", split: "split", doubted: "doubted", blamed: "blamed" },
  failsAlone: { fine: "doubted", split: "doubted", doubted: "doubted", blamed: "blamed" },
  failsByItself: { fine: "blamed", split: "blamed", doubted: "blamed", blamed: "blamed" },
  anotherGetsThrough: { fine: "fine", split: "split", doubted: "blamed", blamed: "blamed" },
  outageEnds: { fine: "fine", split: "split", doubted: "fine", blamed: "blamed" },
  getsThrough: { fine: "fine", split: "fine", doubted: "fine", blamed: "fine" },
} as const satisfies Record<string, Record<Standing | "fine", Standing | "fine">>;

/** Every move of the backend, likewise. One lane or two fail: since anything last got through. */
export const BACKEND_MOVES = {
  oneLaneFails: { open: "open", away: "away", paused: "away" },
  twoLanesFail: { open: "away", away: "away", paused: "away" },
  refusesCredentials: { open: "paused", away: "paused", paused: "paused" },
  answers: { open: "open", away: "open", paused: "open" },
} as const satisfies Record<string, Record<Mode, Mode>>;

/** How a failure is seen: `isOwn` where it is shown that the backend works. */
export type Failure = { retryAfterMs?: number | undefined; isOwn: boolean; epoch: number };

/** From which lanes to claim, and how much. */
export type Choice = { limit: number } & (
  { lane: string; except?: never } | { lane?: never; except: ReadonlySet<string> }
);

/** Decides what may be sent now, from what became of the requests before. */
export class Traffic {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #backend: Backend = { mode: "open" };
  /** The lane that failed longest ago first. */
  readonly #lanes = new Map<string, FailingLane>();
  #inFlight = 0;
  /** Failures in a row that may be the backend's. */
  #failures = 0;
  #batchLimit = BATCH_MAX_COUNT;
  #throughCount = 0;
  #epoch = 0;
  #areCredentialsRefused = false;
  /** When the choices were last made: what was not due then is still ahead. */
  #chosenAt = -Infinity;

  constructor(ambient: { policy: RetryPolicy; random: Random; clock: Clock }) {
    this.#clock = ambient.clock;
    this.#backoff = new Backoff(ambient);
  }

  get mode(): Mode {
    return this.#backend.mode;
  }

  /** Whether the credentials were refused, and nothing has got through since. */
  get areCredentialsRefused(): boolean {
    return this.#areCredentialsRefused;
  }

  get failures(): number {
    return this.#failures;
  }

  /** How often something got through. When it has risen, the backend works. */
  get throughCount(): number {
    return this.#throughCount;
  }

  /** Rises with each failure of the backend. The failure of a request that started in an earlier epoch says nothing new. */
  get epoch(): number {
    return this.#epoch;
  }

  standingOf(lane: string): Standing | "fine" {
    return this.#lanes.get(lane)?.standing ?? "fine";
  }

  /** Whether an update of this lane that is accepted now will have to wait. */
  isBlocked(lane: string): boolean {
    const standing = this.standingOf(lane);
    return this.mode !== "open" || standing === "doubted" || standing === "blamed";
  }

  /** From which lanes the next request may be filled, the best choice first. */
  *choices(): Generator<Choice> {
    const now = this.#clock.monotonic();
    this.#chosenAt = now;
    const others = { except: new Set(this.#lanes.keys()) };
    if (this.#backend.mode !== "open") {
      if (this.#inFlight > 0 || now < this.#backend.wait.until) return;
      yield { ...others, limit: 1 };
      for (const lane of this.#lanes.keys()) yield { lane, limit: 1 };
      return;
    }
    if (this.#inFlight >= IN_FLIGHT_MAX_COUNT) return;
    for (const lane of this.#dueLanes(now)) yield { lane, limit: 1 };
    yield { ...others, limit: this.#batchLimit };
  }

  /** There is nothing to send from this lane now. */
  missed(lane: string): void {
    const known = this.#lanes.get(lane);
    if (known === undefined) return;
    known.misses += 1;
    known.lookAgainAt = this.#clock.monotonic() + LOOK_AGAIN_MS;
    if (known.misses >= MISSES_MAX_COUNT) this.#lanes.delete(lane);
  }

  /**
   * The next moment on the monotonic clock at which there may be more choices than were made last; it may have passed since. Null when
   * only an event can bring them.
   */
  nextChoiceAt(): number | null {
    const { wait } = this.#backend;
    const moments = wait === undefined ? [...this.#lanes.values()].map(dueAt) : [wait.until];
    const ahead = moments.filter((moment) => moment > this.#chosenAt);
    return ahead.length === 0 ? null : Math.min(...ahead);
  }

  started(lanes: readonly string[]): void {
    this.#inFlight += 1;
    this.#mark(lanes, true);
  }

  ended(lanes: readonly string[]): void {
    this.#inFlight -= 1;
    this.#mark(lanes, false);
  }

  /**
   * The backend answered to these lanes. Without any: it is shown to work.
   *
   * @returns Whether that ended an outage or a doubt about these lanes, and whether it ended a refusal of the credentials.
   */
  through(lanes: readonly string[]): { wasAway: boolean; wereRefused: boolean } {
    const endsOutage = this.mode === "away";
    const wereRefused = this.#areCredentialsRefused;
    const wasAway = endsOutage || lanes.some((lane) => this.standingOf(lane) === "doubted");
    for (const lane of lanes) this.#move(lane, "getsThrough");
    for (const [lane, { wait, standing }] of this.#lanes) {
      this.#move(lane, endsOutage ? "outageEnds" : "anotherGetsThrough");
      // It waited for the backend, which works.
      if (standing === "doubted" && wait !== undefined) wait.until = this.#clock.monotonic();
    }
    this.#moveBackend("answers");
    this.#areCredentialsRefused = false;
    this.#failures = 0;
    this.#batchLimit = Math.min(BATCH_MAX_COUNT, this.#batchLimit * 2);
    this.#throughCount += 1;
    return { wasAway, wereRefused };
  }

  /** A request for several lanes failed as a whole: each is tried alone. */
  batchFailed(lanes: readonly string[]): void {
    this.#batchLimit = 1;
    for (const lane of lanes) this.#move(lane, "batchFails");
  }

  /** A request for one lane failed. @returns The wait of that lane, or of the backend where that is away. */
  failed(lane: string, failure: Failure): Wait {
    const { isOwn, retryAfterMs, epoch } = failure;
    const known = this.#lanes.get(lane);
    const event = isOwn ? "failsByItself" : "failsAlone";
    if (isOwn || (this.mode === "open" && known?.standing === "blamed")) {
      const wait = this.#backoff.after((known?.wait?.failures ?? 0) + 1, retryAfterMs);
      this.#move(lane, event, wait);
      return wait;
    }
    if (this.#backend.mode === "away" && epoch !== this.#epoch) {
      this.#move(lane, event, this.#backend.wait);
      return this.#backend.wait;
    }
    this.#failures += 1;
    this.#batchLimit = 1;
    const wait = this.#backoff.after(this.#failures, retryAfterMs);
    this.#move(lane, event, wait);
    this.#moveBackend(this.#countDoubted() > 1 ? "twoLanesFail" : "oneLaneFails", wait);
    if (this.mode === "away") this.#epoch += 1;
    return wait;
  }

  /** The backend refuses the credentials. */
  pause(): void {
    const since = this.#clock.monotonic();
    const until = since + CREDENTIALS_RETRY_MS;
    this.#areCredentialsRefused = true;
    this.#moveBackend("refusesCredentials", {
      failures: 0,
      since,
      until,
      // No flush shortens it: only an operator can mend the credentials.
      isAsked: true,
      isLong: false,
    });
  }

  /** An update was accepted. */
  earn(): void {
    this.#backoff.earn(this.#backend.mode === "away" ? [this.#backend.wait] : this.#laneWaits());
  }

  /** Ends every wait at once, but those that the backend has asked for. */
  hurry(): void {
    const now = this.#clock.monotonic();
    const waits = this.#laneWaits();
    if (this.#backend.wait !== undefined) waits.push(this.#backend.wait);
    for (const wait of waits) if (!wait.isAsked) wait.until = Math.min(wait.until, now);
  }

  #laneWaits(): Wait[] {
    return [...this.#lanes.values()].flatMap(({ wait }) => wait ?? []);
  }

  /** Lanes that have failed alone go one at a time: lanes that hang must not take every place. */
  #dueLanes(now: number): string[] {
    const lanes = [...this.#lanes];
    const isRetrying = lanes.some(
      ([, { standing, isUnderWay }]) => isUnderWay && standing !== "split",
    );
    return lanes.flatMap(([lane, known]) => {
      const mayGo = known.standing === "split" || !isRetrying;
      return mayGo && !known.isUnderWay && dueAt(known) <= now ? [lane] : [];
    });
  }

  #countDoubted(): number {
    return [...this.#lanes.values()].filter(({ standing }) => standing === "doubted").length;
  }

  #mark(lanes: readonly string[], isUnderWay: boolean): void {
    for (const lane of lanes) {
      const known = this.#lanes.get(lane);
      if (known === undefined) continue;
      known.isUnderWay = isUnderWay;
      known.misses = 0;
    }
  }

  #moveBackend(event: keyof typeof BACKEND_MOVES, wait?: Wait): void {
    const mode = BACKEND_MOVES[event][this.mode];
    this.#backend = mode === "open" || wait === undefined ? { mode: "open" } : { mode, wait };
  }

  #move(lane: string, event: keyof typeof LANE_MOVES, wait?: Wait): void {
    const known = this.#lanes.get(lane);
    const standing = LANE_MOVES[event][known?.standing ?? "fine"];
    if (standing === "fine") this.#lanes.delete(lane);
    else if (wait === undefined && known !== undefined) known.standing = standing;
    else {
      this.#lanes.delete(lane);
      const isUnderWay = known?.isUnderWay ?? false;
      this.#lanes.set(lane, { standing, wait, isUnderWay, misses: 0, lookAgainAt: 0 });
    }
  }
}

function dueAt({ wait, lookAgainAt }: FailingLane): number {
  return Math.max(wait?.until ?? 0, lookAgainAt);
}
