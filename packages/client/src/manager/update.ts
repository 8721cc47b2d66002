import type { ArtifactUrls, Run, Source, UpdateOutcome, VideoStatus } from "@klipstream/contract";

import type { KlipstreamError } from "../errors.ts";
import type { BackendAnswer } from "../outbox/delivery.ts";

/** A status, URLs, or both. */
export type PipelineProgress = {
  status?: VideoStatus | undefined;
  urls?: ArtifactUrls | undefined;
};

/** What may accompany an update. Each is optional. */
export type UpdateOptions = {
  /** The id by which the backend recognises a repetition, up to 128 characters. Default: a new UUID. */
  updateId?: string | undefined;
  /** When it happened, in milliseconds since 1970. Default: now. */
  occurredAt?: number | undefined;
  /** The run that it belongs to; `startRun` fills it in. */
  run?: Run | undefined;
  /** Why, up to 1,000 characters. */
  reason?: string | undefined;
  /** How long to wait for the acknowledgement, in milliseconds; 0 = do not wait. Default: the manager's `waitMs`. */
  waitMs?: number | undefined;
  /** Create the video if the backend does not know it. Default: the manager's `createMissing`. */
  createMissing?: boolean | undefined;
  /** Only for a relay: the number that the sender's own outbox gave it. */
  source?: Source | undefined;
};

export type RollbackOptions = UpdateOptions & {
  /** Undo this update only: nothing, where another has changed the status since. */
  undoes?: string | undefined;
};

/** Which update a result is about. */
export type UpdateIdentity = { twitchId: string; updateId: string };

/**
 * What became of an update. An update method never throws; it resolves to this.
 *
 * - `applied`, `unchanged`, `duplicate`, `superseded`: acknowledged by the backend.
 * - `queued`: safe in the outbox, will be delivered.
 * - `simulated`: test mode.
 * - `rejected`: refused for good; `error` says why. The only one with `ok` false.
 */
export type UpdateResult =
  | {
      ok: true;
      outcome: UpdateOutcome | "queued" | "simulated";
      updateId: string;
      twitchId: string;
      /** What the backend said, where it has answered. */
      answer?: BackendAnswer | undefined;
    }
  | { ok: false; outcome: "rejected"; updateId: string; twitchId: string; error: KlipstreamError };
