import { formatDuration } from "@klipstream/contract";
import { useState } from "react";

import { formatAge, formatClock, formatTime } from "./format.ts";
import { useNow } from "./useNow.ts";

/** `3 min ago`; the full time with its zone when one points at it. */
export function Age({ at }: { at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatTime(at)}>
      {formatAge(now - at)}
    </time>
  );
}

/** How long it has been since then: `2 h 5 min`. */
export function Elapsed({ since }: { since: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(since).toISOString()} title={`since ${formatTime(since)}`}>
      {formatDuration(now - since)}
    </time>
  );
}

/** `14:02:10`, and the day where it is not today. */
export function Clock({ at }: { at: number }) {
  // The day of the first drawing is near enough for leaving the day out.
  const [now] = useState(Date.now);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatTime(at)}>
      {formatClock(at, now)}
    </time>
  );
}
