import type { Commit } from "../documents/documentStore.ts";
import { isAffected, NOTHING_READ, type ReadSet } from "../documents/readSet.ts";
import type { FunctionCall } from "../engine/callsAndOutcomes.ts";
import type { QueryResult } from "../wire/syncMessages.ts";

/** A query that at least one socket subscribes to: run once for all that ask the same as the same user. */
export class LiveQuery {
  readonly call: FunctionCall;
  readonly key: string;
  /** How many subscriptions share it. */
  users = 0;
  /** The newest answer; a new object exactly when the answer is another one. */
  result: QueryResult | null = null;
  #state: "stale" | "running" | "staleWhileRunning" | "fresh" = "stale";
  #reads: ReadSet = NOTHING_READ;
  readonly #givenJournal: string | null;

  constructor(key: string, call: FunctionCall, journal: string | null) {
    this.key = key;
    this.call = call;
    this.#givenJournal = journal;
  }

  /** Where its page ends, once it has been run. */
  get journal(): string | null {
    return this.result?.journal ?? this.#givenJournal;
  }

  /** Whether a new subscriber may share it: not if its page has been pinned since. */
  get isShareable(): boolean {
    return this.journal === this.#givenJournal;
  }

  get isSystem(): boolean {
    return this.call.path.startsWith("_system/");
  }

  get isFresh(): boolean {
    return this.#state === "fresh";
  }

  get isStale(): boolean {
    return this.#state === "stale";
  }

  /** Called for each commit. What is running sees it: commits arrive before the results that include them. */
  see(commit: Commit): void {
    if (this.#state !== "fresh") return;
    if (this.isSystem || commit.changes.some((change) => isAffected(this.#reads, change)))
      this.#state = "stale";
  }

  /** The code, the variables or the identities have changed. */
  invalidate(): void {
    this.#state = this.#state === "running" ? "staleWhileRunning" : "stale";
  }

  started(): void {
    this.#state = "running";
  }

  /** It was to run with others, one of which had to be stopped. */
  notRun(): void {
    this.#state = "stale";
  }

  finished(result: QueryResult, reads: ReadSet): void {
    this.#state = this.#state === "staleWhileRunning" ? "stale" : "fresh";
    this.#reads = reads;
    if (this.result === null || !isSame(this.result, result)) this.result = result;
  }
}

function isSame(a: QueryResult, b: QueryResult): boolean {
  if (a.journal !== b.journal) return false;
  if (a.outcome.logLines.join("\n") !== b.outcome.logLines.join("\n")) return false;
  if (a.outcome.ok || b.outcome.ok)
    return a.outcome.ok && b.outcome.ok && a.outcome.value === b.outcome.value;
  return a.outcome.message === b.outcome.message && a.outcome.data === b.outcome.data;
}
