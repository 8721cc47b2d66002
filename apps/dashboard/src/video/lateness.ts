import type { VideoEvent } from "../backend/api.ts";

/** A delivery takes moments; what took longer waited in an outbox. Clocks differ by seconds. */
export const LATE_AFTER_MS = 5_000;

/** How long after it happened an update arrived, in ms; null where that is no longer than a delivery takes. */
export function lateness({
  occurredAt,
  receivedAt,
}: Pick<VideoEvent, "occurredAt" | "receivedAt">) {
  const lateMs = receivedAt - occurredAt;
  return lateMs > LATE_AFTER_MS ? lateMs : null;
}
