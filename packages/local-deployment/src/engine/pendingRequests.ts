import { refusedCall } from "./callsAndOutcomes.ts";
import type { EngineRequest } from "./messages.ts";

type Pending = {
  request: EngineRequest;
  /** An action may have had effects outside: it never runs twice. */
  isAction: boolean;
  attempts: number;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
};

const MOST_ATTEMPTS = 3;
const INTERRUPTED =
  "This action was interrupted: another function blocked the deployment for too long, and its worker was restarted.";

/** What the engine's thread was asked, and has not answered. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>();

  /** @returns what settles when the request does. */
  add<Result>(request: EngineRequest): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#pending.set(request.id, {
        request,
        isAction: request.type === "httpAction",
        attempts: 1,
        reject,
        resolve: resolve as (result: unknown) => void,
      });
    });
  }

  requestOf(id: number): EngineRequest | undefined {
    return this.#pending.get(id)?.request;
  }

  markAsAction(id: number): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) pending.isAction = true;
  }

  resolve(id: number, result: unknown): void {
    this.#pending.get(id)?.resolve(result);
    this.#pending.delete(id);
  }

  reject(id: number, error: Error): void {
    this.#pending.get(id)?.reject(error);
    this.#pending.delete(id);
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /**
   * Answers what cannot run again after the thread was replaced.
   *
   * @param interruption.culprit the request whose transaction ran then, or 0.
   * @param interruption.message what it is told.
   * @param interruption.ts the newest timestamp.
   * @returns what is to be asked again.
   */
  settleInterrupted(interruption: {
    culprit: number;
    message: string;
    ts: bigint;
  }): EngineRequest[] {
    return [...this.#pending.values()].flatMap((pending) => {
      const answer = answerTo(pending, interruption);
      if (answer === null) return [pending.request];
      this.resolve(pending.request.id, answer);
      return [];
    });
  }
}

/** Null for a request that may run again. */
function answerTo(
  pending: Pending,
  { culprit, message, ts }: { culprit: number; message: string; ts: bigint },
): unknown {
  const { request } = pending;
  const isCulprit = request.id === culprit || ++pending.attempts > MOST_ATTEMPTS;
  if (request.type === "batch") {
    const slow = request.queries.findIndex((query) => query.id === culprit);
    if (slow !== -1 || isCulprit) return { ts, results: [], slow: Math.max(slow, 0), message };
  }
  if (isCulprit) return refusedCall(message);
  return pending.isAction ? refusedCall(INTERRUPTED) : null;
}
