import { MESSAGE_MAX_LENGTH, type ReportedRun } from "@klipstream/contract";

import { backend } from "../api/backend.ts";
import type { ConvexApiClient } from "../api/ConvexApiClient.ts";
import type { Clock } from "../clock.ts";
import type { EventLog } from "../log/log.ts";

/** At most one report per video in this time, in milliseconds. */
export const PROGRESS_INTERVAL_MS = 1000;

/** After a report that failed, none is sent for this long: progress must not add to an outage. */
const QUIET_AFTER_FAILURE_MS = 30_000;

export type ProgressReport = {
  twitchId: string;
  percent: number;
  message?: string | undefined;
  /** Its age is that of the moment at which the report is made. */
  run?: ReportedRun | undefined;
};

type Video = { next: (() => void) | undefined; cancel: () => void };

/** Sends progress: lossy, at most one report per video and second, the newest wins, never on disk. */
export class ProgressReporter {
  readonly #api: ConvexApiClient;
  readonly #clock: Clock;
  readonly #log: EventLog;
  readonly #isBlocked: (twitchId: string) => boolean;
  readonly #videos = new Map<string, Video>();
  #quietUntil = -Infinity;
  #isClosed = false;

  constructor(
    api: ConvexApiClient,
    {
      clock,
      log,
      isBlocked,
    }: { clock: Clock; log: EventLog; isBlocked: (twitchId: string) => boolean },
  ) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
    this.#isBlocked = isBlocked;
  }

  report(report: ProgressReport): void {
    if (this.#isClosed) return;
    const video = this.#videos.get(report.twitchId);
    const madeAt = this.#clock.monotonic();
    const send = () => void this.#send(report, this.#clock.monotonic() - madeAt);
    if (video === undefined) send();
    else video.next = send;
  }

  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#videos.values()) cancel();
    this.#videos.clear();
  }

  async #send({ message, run, ...report }: ProgressReport, waitedMs: number): Promise<void> {
    const { twitchId } = report;
    const video: Video = { next: undefined, cancel: () => undefined };
    this.#videos.set(twitchId, video);
    const dueAt = this.#clock.monotonic() + PROGRESS_INTERVAL_MS;
    if (this.#isBlocked(twitchId) || this.#clock.monotonic() < this.#quietUntil) {
      this.#log.write("progress.dropped", "the backend cannot be reached", { twitchId });
    } else {
      const cut = message?.slice(0, MESSAGE_MAX_LENGTH);
      const args = {
        ...report,
        ...(cut !== undefined && { message: cut }),
        ...(run && { run: { ...run, ageMs: (run.ageMs ?? 0) + waitedMs } }),
      };
      const attempt = await this.#api.attemptMutation(backend.video.reportProgress, args);
      if (!attempt.ok) this.#failed(twitchId, attempt.error);
    }
    if (this.#isClosed) return;
    const waitMs = Math.max(0, dueAt - this.#clock.monotonic());
    video.cancel = this.#clock.after(waitMs, () => {
      this.#videos.delete(twitchId);
      video.next?.();
    });
  }

  #failed(twitchId: string, { message, code }: { message: string; code: string }): void {
    this.#quietUntil = this.#clock.monotonic() + QUIET_AFTER_FAILURE_MS;
    this.#log.write("progress.dropped", message, { twitchId, code });
  }
}
