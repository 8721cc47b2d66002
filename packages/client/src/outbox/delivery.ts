import type { UpdateOutcome } from "@klipstream/contract";

import type { KlipstreamError } from "../errors.ts";
import type { Entry } from "./entry.ts";

/** What the backend knows after an update: the video's `_id` and status, and what a rollback changed. */
export type BackendAnswer = {
  videoId: string;
  status: string;
  from?: string | undefined;
  to?: string | undefined;
};

/** What the backend said to one entry. */
export type EntryAnswer =
  | { accepted: true; outcome: UpdateOutcome; answer: BackendAnswer }
  | { accepted: false; error: KlipstreamError };

/** What the caller of an update is told: as {@link EntryAnswer}, or that nobody has answered yet. */
export type UpdateAnswer =
  | {
      accepted: true;
      outcome: UpdateOutcome | "queued" | "simulated";
      answer?: BackendAnswer | undefined;
    }
  | { accepted: false; error: KlipstreamError };

/** What became of one request that carried one or more entries. */
export type Delivery = {
  durationMs: number;
  httpStatus?: number | undefined;
  requestId?: string | undefined;
} & (
  | {
      ok: true;
      /** One per entry, in their order: each is accepted, or refused for good. */
      answers: EntryAnswer[];
    }
  | {
      ok: false;
      error: KlipstreamError;
      /** Only with refused credentials: whether a fresh token may do better. */
      refreshMayHelp: boolean;
    }
);

/** Sends entries in one request, once. It never throws: the outbox's only way to the network. */
export type Deliver = (entries: readonly Entry[]) => Promise<Delivery>;

/** The moments of an entry's life at which a process can die; tests stop here. */
export const DELIVERY_STEPS = [
  "accepting",
  "accepted",
  "claimed",
  "sending",
  "answered",
  "settled",
] as const;
export type DeliveryStep = (typeof DELIVERY_STEPS)[number];
