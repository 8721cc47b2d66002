import type { DeliveryStep } from "@klipstream/client";
import type { VideoStatus } from "@klipstream/contract";

/** What a worker is told at its start. */
export type WorkerPlan = {
  url: string;
  apiKey: string;
  outboxPath: string;
  seed: number;
  /** Stand still at this step when it is reached for the n-th time: the parent kills the process there. */
  standStillAt?: { step: DeliveryStep; times: number } | undefined;
  /** The share of the store's writes that fail as on a full disk. */
  diskFullShare?: number | undefined;
  /** The wall clock jumps by up to an hour, forth and back, between updates. */
  clockJumps?: boolean | undefined;
};

/** One update that a worker is to report. */
export type Order = {
  updateId: string;
  twitchId: string;
  status?: VideoStatus;
  url: string;
};

export type ToWorker = { start: WorkerPlan } | { report: Order } | { finish: true };

export type FromWorker =
  | { event: "warm" }
  | { event: "started" }
  | { event: "reported"; updateId: string; outcome: string; code?: string | undefined }
  | { event: "finished"; balanced: boolean };

/** The line that a worker writes before it stands still: its message channel is not synchronous. */
export const STANDS_STILL = "stands still at ";
