import type { Commit } from "../documents/documentStore.ts";
import { NOTHING_READ } from "../documents/readSet.ts";
import { refusedCall, type FunctionCall, type QueryOutcome } from "../engine/callsAndOutcomes.ts";
import type { Deployment } from "./deployment.ts";
import { LiveQuery } from "./liveQuery.ts";
import { newRequestId } from "./requestIds.ts";
import { runSystemQuery } from "./systemQueries.ts";

/** After so many rounds in which new commits came between, all queries run at once. */
const PARTIAL_ROUNDS = 3;

/**
 * Keeps the answers of all subscribed queries up to date. When `onSettled` is called, every fresh query's answer holds
 * at the deployment's newest timestamp.
 */
export class LiveQueries {
  readonly #deployment: Deployment;
  readonly #onSettled: () => void;
  readonly #queries = new Set<LiveQuery>();
  readonly #shared = new Map<string, LiveQuery>();
  readonly #onCommit = (commit: Commit) => this.#see(commit);
  readonly #onChanged = () => this.#invalidateAll();
  #isScheduled = false;
  #isRunning = false;

  constructor(deployment: Deployment, onSettled: () => void) {
    this.#deployment = deployment;
    this.#onSettled = onSettled;
    deployment.on("commit", this.#onCommit);
    deployment.on("changed", this.#onChanged);
  }

  /** @param journal where an earlier run's page ended, or null. */
  acquire(call: FunctionCall, journal: string | null): LiveQuery {
    const { component, path, args, caller } = call;
    const key = JSON.stringify([component, path, args, caller, journal]);
    let query = this.#shared.get(key);
    if (query?.isShareable !== true) {
      query = new LiveQuery(key, call, journal);
      this.#shared.set(key, query);
      this.#queries.add(query);
    }
    query.users += 1;
    return query;
  }

  release(query: LiveQuery): void {
    query.users -= 1;
    if (query.users > 0) return;
    this.#queries.delete(query);
    if (this.#shared.get(query.key) === query) this.#shared.delete(query.key);
  }

  /** Asks for `onSettled` soon, after everything stale has been run again. */
  refresh(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Commits of the same turn are taken together.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run().catch((error: unknown) => this.#deployment.emit("fault", error));
    });
  }

  close(): void {
    this.#deployment.off("commit", this.#onCommit);
    this.#deployment.off("changed", this.#onChanged);
    this.#queries.clear();
  }

  #see(commit: Commit): void {
    for (const query of this.#queries) query.see(commit);
    this.refresh();
  }

  #invalidateAll(): void {
    for (const query of this.#queries) query.invalidate();
    this.refresh();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let round = 1; ; round++) {
      const stale = [...this.#queries].filter(({ isStale }) => isStale);
      if (stale.length === 0) break;
      const batch = round > PARTIAL_ROUNDS ? [...this.#queries] : stale;
      await this.#runBatch(batch.filter(({ isSystem }) => !isSystem));
      this.#runSystem(batch.filter(({ isSystem }) => isSystem));
      this.#onSettled();
    }
    this.#isRunning = false;
    this.#onSettled();
  }

  async #runBatch(queries: LiveQuery[]): Promise<void> {
    if (queries.length === 0) return;
    for (const query of queries) query.started();
    const { ts, results, slow, message } = await this.#deployment.engine.batch(
      queries.map(({ call, journal }) => ({ call, journal })),
    );
    this.#deployment.documents.sawTimestamp(ts);
    for (const [at, query] of queries.entries()) {
      const result = results[at];
      if (result !== undefined) this.#finish(query, result);
      else if (at === slow) {
        const call = refusedCall(message ?? "", "query");
        this.#finish(query, { call, journal: null, reads: NOTHING_READ });
      } else query.notRun();
    }
  }

  #runSystem(queries: LiveQuery[]): void {
    for (const query of queries) {
      const call = runSystemQuery(this.#deployment, query.call);
      this.#finish(query, { call, journal: null, reads: NOTHING_READ });
    }
  }

  #finish(query: LiveQuery, { call: outcome, journal, reads }: QueryOutcome): void {
    const requestId = newRequestId();
    query.finished({ outcome, requestId, journal }, reads);
    if (!query.isSystem) this.#deployment.log.addCall(query.call.path, { outcome, requestId });
  }
}
