import type { CallOutcome } from "../engine/callsAndOutcomes.ts";
import type { DataFile, StoredRecord } from "../storage/dataFile.ts";

export type Answer = { requestId: string; outcome: CallOutcome };
type Success = CallOutcome & { ok: true };

const MOST_RECEIPTS = 10_000;
const RECEIPT = "receipt/";

/**
 * What mutations were answered, so that one which its client sends again after a reconnect, or after this process has
 * been started again, runs only once.
 */
export class MutationReceipts {
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #file: DataFile | null;

  /**
   * @param file where receipts are kept, or null.
   * @param records what the file holds.
   */
  constructor(file: DataFile | null, records: readonly [key: string, value: string][]) {
    this.#file = file;
    const stored = records
      .filter(([key]) => key.startsWith(RECEIPT))
      .map(([key, value]): [string, Success] => [key, decode(value)])
      .sort(([, a], [, b]) => Number(a.ts - b.ts));
    for (const [key, outcome] of stored)
      this.#answers.set(key, Promise.resolve({ requestId: "", outcome }));
  }

  /** The answer to this request of this session: the earlier one, or that of `run`, which is given the receipt's key. */
  once(
    sessionId: string,
    requestId: number,
    run: (receipt: string) => Promise<Answer>,
  ): Promise<Answer> {
    const key = `${RECEIPT}${sessionId}/${requestId}`;
    const earlier = this.#answers.get(key);
    if (earlier !== undefined) return earlier;
    const answer = run(key);
    this.#answers.set(key, answer);
    // What could not even be run may be tried again.
    answer.catch(() => this.#answers.delete(key));
    this.#forgetOldest();
    return answer;
  }

  #forgetOldest(): void {
    for (const key of this.#answers.keys()) {
      if (this.#answers.size <= MOST_RECEIPTS) return;
      this.#answers.delete(key);
      this.#file?.defer([[key, null]]);
    }
  }
}

/** The record of a mutation that has changed something. */
export function receiptRecord(key: string, outcome: CallOutcome): StoredRecord {
  return [key, JSON.stringify(outcome.ok ? { ...outcome, ts: String(outcome.ts) } : outcome)];
}

function decode(text: string): Success {
  const outcome = JSON.parse(text) as Omit<Success, "ts"> & { ts: string };
  return { ...outcome, ts: BigInt(outcome.ts) };
}
