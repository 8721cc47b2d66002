import type { VideoStatus } from "@klipstream/contract";

import type { Clock } from "../clock.ts";
import { BackendUnavailableError } from "../errors.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import type { KnownVideos } from "./KnownVideos.ts";
import { applyContent, type VideoState } from "./videoState.ts";
import type { EntryAnswer } from "../outbox/delivery.ts";
import type { Entry } from "../outbox/entry.ts";
import type { OutboxStore } from "../outbox/store.ts";

/** What is known of a video. */
export type LookedUpVideo = {
  /** As it will be once all that waits in the outbox is applied: callers see their own updates. Null where the backend has no such video. */
  video: Video | null;
  /** When the backend last answered about this video, in milliseconds since 1970; null: just now. */
  asOf: number | null;
};

export type VideoLookUpOptions = {
  deployment: string;
  store: OutboxStore;
  known: KnownVideos;
  clock: Clock;
  /** Asks the backend. */
  read: (twitchId: string) => Promise<Video | null>;
  /** The backend has answered. */
  onReached: () => void;
};

/** Answers for videos whether or not the backend can be reached. */
export class VideoLookUp {
  readonly #options: VideoLookUpOptions;
  /** The backend did not answer the last question: a caller for whose video something is known does not wait for the next one. */
  #isSilent = false;
  readonly #reads = new Map<string, Promise<Video | null>>();

  constructor(options: VideoLookUpOptions) {
    this.#options = options;
  }

  /**
   * The backend's answer, or what is known where it does not come in time.
   *
   * @param waitMs - How long to wait for the backend at most, in milliseconds; not at all while it is known to be silent.
   * @throws BackendUnavailableError for a video that was never seen: it never guesses.
   */
  async lookUp(twitchId: string, waitMs: number): Promise<LookedUpVideo> {
    const { known } = this.#options;
    // Read before the backend is asked: an entry that is delivered meanwhile may be missing in its answer, and it is not pending afterwards.
    const before = this.#pending(twitchId);
    const mayWait = !this.#isSilent || known.find(twitchId) === null;
    const answer = await this.#within(mayWait ? waitMs : 0, this.#ask(twitchId));
    if (answer === null) return { video: null, asOf: null };
    const last = known.find(twitchId);
    if (last === null)
      throw new BackendUnavailableError(
        "timeout",
        `the backend cannot be reached, and the video ${twitchId} was never seen here`,
      );
    const waiting = mergeEntries(before, this.#pending(twitchId));
    const { video } = waiting.reduce<VideoState>(
      (state, { content, acceptedAt }) => applyContent(state, content, acceptedAt),
      last,
    );
    return { video, asOf: answer === undefined ? last.asOf : null };
  }

  /** The Twitch ID of the video with this `_id`, or null for one that was never seen. */
  twitchIdOf(videoId: string): string | null {
    return this.#options.known.twitchIdOf(videoId);
  }

  /** Learns from what the backend said to an entry. */
  answered({ twitchId, content }: Entry, answer: EntryAnswer): void {
    if (!answer.accepted) return;
    const { known, clock } = this.#options;
    const { videoId, status } = answer.answer;
    known.learnId(videoId, twitchId);
    const before = known.find(twitchId);
    if (before === null || answer.outcome === "superseded") return;
    const now = clock.now();
    const after = applyContent(before, content, now);
    known.learn({ ...after, video: { ...after.video, status: status as VideoStatus }, asOf: now });
  }

  #pending(twitchId: string): Entry[] {
    const { store, deployment } = this.#options;
    return store.pendingOf(deployment, twitchId);
  }

  /** Asks one question at a time for each video, and keeps the answer also where nobody waits for it any more. */
  #ask(twitchId: string): Promise<Video | null> {
    const asked = this.#reads.get(twitchId);
    if (asked !== undefined) return asked;
    const { read, onReached } = this.#options;
    const answer = read(twitchId).then(
      (video) => {
        this.#reads.delete(twitchId);
        this.#isSilent = false;
        this.#learn(twitchId, video);
        onReached();
        return video;
      },
      (error: unknown) => {
        this.#reads.delete(twitchId);
        this.#isSilent = true;
        throw error;
      },
    );
    this.#reads.set(twitchId, answer);
    return answer;
  }

  #learn(twitchId: string, video: Video | null): void {
    const { known, clock } = this.#options;
    if (video === null) known.forget(twitchId);
    else known.learn({ ...stateOf(video, known.find(twitchId)), asOf: clock.now() });
  }

  /** The answer, or undefined where it comes too late or never. */
  #within(waitMs: number, asked: Promise<Video | null>): Promise<Video | null | undefined> {
    if (waitMs === 0) {
      // `#ask` takes note of a failure.
      asked.catch(() => undefined);
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(
        waitMs,
        () => {
          this.#isSilent = true;
          resolve(undefined);
        },
        { keepAlive: true },
      );
      const finish = (video: Video | null | undefined) => {
        cancel();
        resolve(video);
      };
      asked.then(finish, () => finish(undefined));
    });
  }
}

/** What the backend said. The earlier statuses are kept only where its status is the known one: else another pipeline has changed it. */
function stateOf(video: Video, known: VideoState | null): VideoState {
  return { video, earlier: known?.video.status === video.status ? known.earlier : [] };
}

function mergeEntries(before: readonly Entry[], after: readonly Entry[]): Entry[] {
  const bySeq = new Map([...before, ...after].map((entry) => [entry.seq, entry]));
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq);
}
