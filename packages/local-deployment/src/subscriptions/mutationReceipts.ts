import type { CallOutcome } from "../engine/messages.ts";

export type Answer = { requestId: string; outcome: CallOutcome };

const MOST_SESSIONS = 10_000;
const MOST_PER_SESSION = 1000;

/** What each session's mutations were answered, so that one which is sent again after a reconnect runs only once. */
export class MutationReceipts {
  readonly #sessions = new Map<string, Map<number, Promise<Answer>>>();

  /** The answer to this request of this session: the earlier one, or that of `run`. */
  once(sessionId: string, requestId: number, run: () => Promise<Answer>): Promise<Answer> {
    const session = this.#sessions.get(sessionId) ?? new Map<number, Promise<Answer>>();
    // The session used last is the last to be forgotten.
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, session);
    forgetOldest(this.#sessions, MOST_SESSIONS);
    const earlier = session.get(requestId);
    if (earlier !== undefined) return earlier;
    const answer = run();
    session.set(requestId, answer);
    // Sent again, it runs again, if it could not run now.
    answer.catch(() => session.delete(requestId));
    forgetOldest(session, MOST_PER_SESSION);
    return answer;
  }
}

function forgetOldest<Key>(entries: Map<Key, unknown>, most: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(key);
  }
}
