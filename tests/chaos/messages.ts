import { DELIVERY_STEPS, type DeliveryStep } from "@klipstream/client/internals";
import type { VideoStatus } from "@klipstream/contract";

/** Stand still at this step when it is reached for the n-th time: the parent kills the process there. */
export type StandStillAt<Step> = { step: Step; times: number };

/** What a worker is told at its start. */
export type WorkerPlan = {
  url: string;
  apiKey: string;
  outboxPath: string;
  seed: number;
  standStillAt?: StandStillAt<DeliveryStep> | undefined;
  /** The share of the store's writes that fail as on a full disk. */
  diskFullShare?: number | undefined;
  /** The wall clock jumps by up to an hour, forth and back, between updates. */
  clockJumps?: boolean | undefined;
};

/** Where a relay can be killed: beside an update's steps, when a call has come in, and when its answer has gone out. */
export const RELAY_STEPS = [...DELIVERY_STEPS, "called", "replied"] as const;
export type RelayStep = (typeof RELAY_STEPS)[number];

/** What a relay is told at its start. */
export type RelayPlan = {
  /** After `klipstream relay`. */
  args: string[];
  environment: Record<string, string>;
  standStillAt?: StandStillAt<RelayStep> | undefined;
};

/** One update that a worker is to report. */
export type Order = {
  updateId: string;
  twitchId: string;
  status?: VideoStatus;
  url: string;
};

export type ToWorker<Plan = WorkerPlan> = { start: Plan } | { report: Order } | { finish: true };

export type FromWorker =
  | { event: "warm" }
  | { event: "started" }
  | { event: "reported"; updateId: string; outcome: string; code?: string | undefined }
  | { event: "finished"; balanced: boolean };

/** The line that a worker writes before it stands still: its message channel is not synchronous. */
export const STANDS_STILL = "stands still at ";
