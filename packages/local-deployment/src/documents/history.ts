import { splitTable, type ComponentPath } from "./componentTables.ts";
import type { Document, DocumentChange } from "./documentStore.ts";

/** Long enough for the two requests of a consistent query. */
const KEPT_NS = 60_000_000_000n;
const MOST_COMMITS = 10_000;

/** What recent commits replaced, so that a query can still see the documents as they were. */
export class History {
  readonly #commits: { ts: bigint; changes: DocumentChange[] }[] = [];
  #forgottenUpTo = 0n;

  add(ts: bigint, changes: DocumentChange[]): void {
    this.#commits.push({ ts, changes });
    for (let oldest = this.#commits[0]; oldest !== undefined; oldest = this.#commits[0]) {
      if (this.#commits.length <= MOST_COMMITS && oldest.ts > ts - KEPT_NS) break;
      this.#forgottenUpTo = oldest.ts;
      this.#commits.shift();
    }
  }

  /** What each document changed since then was at `ts`, by component, or null if that is too long ago. */
  at(ts: bigint): Map<ComponentPath, Record<string, Document | null>> | null {
    if (ts < this.#forgottenUpTo) return null;
    const overlays = new Map<ComponentPath, Record<string, Document | null>>();
    for (const commit of this.#commits.toReversed()) {
      if (commit.ts <= ts) break;
      for (const { id, table, before } of commit.changes) {
        const { component } = splitTable(table);
        const overlay = overlays.get(component) ?? {};
        overlays.set(component, overlay);
        overlay[id] = before;
      }
    }
    return overlays;
  }
}
