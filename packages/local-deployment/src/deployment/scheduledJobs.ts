import { splitTable } from "../documents/componentTables.ts";
import type { Commit, Document, DocumentStore } from "../documents/documentStore.ts";
import { Timers } from "./timers.ts";

const TABLE = "_scheduled_functions";
/** How long after a job could not be run it is tried again. */
const RETRY_MS = 1000;

/** Runs what functions have scheduled, when it is due. The jobs themselves are documents. */
export class ScheduledJobs {
  readonly #timers = new Timers();
  readonly #run: (table: string, jobId: string) => Promise<void>;
  readonly #onFault: (error: unknown) => void;
  #isClosed = false;

  /**
   * @param run rejects if the job could not be run; one that fails by itself is done.
   * @param onFault is told why a job could not be run.
   */
  constructor(
    run: (table: string, jobId: string) => Promise<void>,
    onFault: (error: unknown) => void,
  ) {
    this.#run = run;
    this.#onFault = onFault;
  }

  /** Takes over the jobs of an earlier process: also those that were running in it, to be ended. */
  resume(documents: DocumentStore): void {
    const tables = documents.tableNames().filter((name) => splitTable(name).table === TABLE);
    for (const table of tables)
      for (const job of documents.list(table)) {
        const state = stateOf(job);
        if (state === "pending") this.#arm(table, job._id, Number(job["scheduledTime"]));
        else if (state === "inProgress") this.#arm(table, job._id, Date.now());
      }
  }

  see({ changes }: Commit): void {
    for (const { id, table, after } of changes) {
      if (splitTable(table).table !== TABLE) continue;
      if (after !== null && stateOf(after) === "pending")
        this.#arm(table, id, Number(after["scheduledTime"]));
      else this.#timers.clear(id);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#timers.clearAll();
  }

  #arm(table: string, id: string, dueAt: number): void {
    this.#timers.set(id, dueAt, () => {
      this.#run(table, id).catch((error: unknown) => {
        this.#onFault(error);
        if (!this.#isClosed) this.#arm(table, id, Date.now() + RETRY_MS);
      });
    });
  }
}

function stateOf(job: Document): string | undefined {
  return (job["state"] as { kind?: string } | undefined)?.kind;
}
