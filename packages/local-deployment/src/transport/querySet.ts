import type { LiveQueries } from "../deployment/liveQueries.ts";
import type { LiveQuery } from "../deployment/liveQuery.ts";
import type { Caller, FunctionCall } from "../engine/callsAndOutcomes.ts";
import { queryModification, queryRemoved, type QueryResult } from "../wire/syncMessages.ts";

type Subscription = { query: LiveQuery; told: QueryResult | null };

/** The queries that one socket subscribes to, and what it has been told of each. */
export class QuerySet {
  readonly #live: LiveQueries;
  readonly #subscriptions = new Map<number, Subscription>();
  #removed: number[] = [];

  constructor(live: LiveQueries) {
    this.#live = live;
  }

  get isFresh(): boolean {
    for (const { query } of this.#subscriptions.values()) if (!query.isFresh) return false;
    return true;
  }

  add(queryId: number, { call, journal }: { call: FunctionCall; journal: string | null }): void {
    this.#drop(queryId);
    const query = this.#live.acquire(call, journal);
    this.#subscriptions.set(queryId, { query, told: null });
  }

  remove(queryId: number): void {
    this.#drop(queryId);
    this.#removed.push(queryId);
  }

  /** Asks every query again, for another user. */
  runAs(caller: Caller): void {
    for (const subscription of this.#subscriptions.values()) {
      const { query } = subscription;
      subscription.query = this.#live.acquire({ ...query.call, caller }, query.journal);
      this.#live.release(query);
    }
  }

  /** What the socket has not been told yet. */
  takeChanges(): string[] {
    const changes = this.#removed.map(queryRemoved);
    this.#removed = [];
    for (const [queryId, subscription] of this.#subscriptions) {
      const { result } = subscription.query;
      if (result === null || result === subscription.told) continue;
      subscription.told = result;
      changes.push(queryModification(queryId, result));
    }
    return changes;
  }

  clear(): void {
    for (const queryId of [...this.#subscriptions.keys()]) this.#drop(queryId);
  }

  #drop(queryId: number): void {
    const subscription = this.#subscriptions.get(queryId);
    if (subscription === undefined) return;
    this.#subscriptions.delete(queryId);
    this.#live.release(subscription.query);
  }
}
