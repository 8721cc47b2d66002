import type { VideoStatus } from "@klipstream/contract";

import { STALLED_APPEARANCE, STATUS_APPEARANCE } from "./appearance.ts";

/** A video's status as icon and words; a stalled one says so. */
export function StatusBadge({
  status,
  stalled = false,
}: {
  status: VideoStatus;
  stalled?: boolean;
}) {
  const { Icon, text, soft } = stalled ? STALLED_APPEARANCE : STATUS_APPEARANCE[status];
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-xs font-medium whitespace-nowrap ${text} ${soft}`}
    >
      <Icon aria-hidden="true" className="size-3.5" />
      {stalled ? `Stalled in ${status}` : status}
    </span>
  );
}
