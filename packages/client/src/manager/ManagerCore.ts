import type { Clock } from "../clock.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import type { EventLog } from "../log/log.ts";
import type { OutboxStats } from "../outbox/store.ts";
import type { CheckedUpdate } from "./checkUpdate.ts";
import type { ProgressReport } from "./ProgressReporter.ts";
import type { FlushResult, UpdateResult } from "./results.ts";

/** What a manager does with calls that have been checked: deliver them, simulate them, record them. */
export type ManagerCore = {
  clock: Clock;
  log: EventLog;
  defaults(): { waitMs: number; createMissing: boolean };
  take(
    identity: { twitchId: string; updateId: string },
    checked: CheckedUpdate,
  ): Promise<UpdateResult>;
  getVideo(twitchId: string): Promise<Video | null>;
  reportProgress(report: ProgressReport): void;
  stats(): OutboxStats;
  flush(timeoutMs: number): Promise<FlushResult>;
  close(timeoutMs: number): Promise<FlushResult>;
};
