import type { CallOutcome, HttpActionOutcome } from "../engine/callsAndOutcomes.ts";
import { displayFunctionPath } from "../engine/functionPaths.ts";
import { newRequestId, udfTypeOf } from "./requestIds.ts";

/** One finished run of a function, as `convex logs` reads it. */
export type Execution = {
  kind: "Completion";
  udfType: "Query" | "Mutation" | "Action" | "HttpAction";
  identifier: string;
  logLines: string[];
  /** When it ended, in seconds since the epoch. */
  timestamp: number;
  /** In seconds. */
  executionTime: number;
  error: string | null;
  requestId: string;
  success: null;
};

const KEPT = 1000;

/** The newest executions, for readers that ask for what came after a cursor. */
export class ExecutionLog {
  #entries: { cursor: number; execution: Execution }[] = [];
  #newest = 0;
  #waiting: (() => void)[] = [];

  addCall(path: string, answer: { outcome: CallOutcome; requestId: string }): void {
    this.addRun(udfTypeOf(answer.outcome), displayFunctionPath(path), answer);
  }

  /** Something that no caller is told. */
  addFailure(identifier: string, message: string): void {
    const outcome: HttpActionOutcome = { ok: false, message, logLines: [], ranMs: 0 };
    this.addRun("Action", identifier, { outcome, requestId: newRequestId() });
  }

  addRun(
    udfType: Execution["udfType"],
    identifier: string,
    { outcome, requestId }: { outcome: CallOutcome | HttpActionOutcome; requestId: string },
  ): void {
    this.#add({
      kind: "Completion",
      udfType,
      identifier,
      logLines: outcome.logLines,
      timestamp: Date.now() / 1000,
      executionTime: outcome.ranMs / 1000,
      error: outcome.ok ? null : outcome.message,
      requestId,
      success: null,
    });
  }

  #add(execution: Execution): void {
    this.#newest = Math.max(this.#newest + 0.001, Date.now());
    this.#entries.push({ cursor: this.#newest, execution });
    if (this.#entries.length > 2 * KEPT) this.#entries = this.#entries.slice(-KEPT);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /**
   * @param holdMs how long to wait for a first entry.
   * @returns what was added after the cursor, and the next cursor.
   */
  async after(
    cursor: number,
    holdMs: number,
  ): Promise<{ entries: Execution[]; newCursor: number }> {
    if (this.#newest <= cursor || (cursor === 0 && this.#newest === 0)) await this.#wait(holdMs);
    const entries = this.#entries
      .filter((entry) => entry.cursor > cursor)
      .map(({ execution }) => execution);
    return { entries, newCursor: Math.max(cursor, this.#newest) };
  }

  #wait(holdMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, holdMs);
      timer.unref();
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
