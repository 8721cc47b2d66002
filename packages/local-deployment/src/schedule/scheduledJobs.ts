import { splitTable } from "../documents/componentTables.ts";
import type { Commit, Document } from "../documents/documentStore.ts";
import { Timers } from "./timers.ts";

const TABLE = "_scheduled_functions";

/** Runs what functions have scheduled, when it is due. The jobs themselves are documents. */
export class ScheduledJobs {
  readonly #timers = new Timers();
  readonly #run: (table: string, jobId: string) => void;

  constructor(run: (table: string, jobId: string) => void) {
    this.#run = run;
  }

  see({ changes }: Commit): void {
    for (const { id, table, after } of changes) {
      if (splitTable(table).table !== TABLE) continue;
      if (after !== null && stateOf(after) === "pending")
        this.#timers.set(id, Number(after["scheduledTime"]), () => this.#run(table, id));
      else this.#timers.clear(id);
    }
  }

  close(): void {
    this.#timers.clearAll();
  }
}

function stateOf(job: Document): string | undefined {
  return (job["state"] as { kind?: string } | undefined)?.kind;
}
