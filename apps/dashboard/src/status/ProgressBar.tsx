import { STATUS_COMPLETED, STATUS_FAILED } from "@klipstream/contract";

import type { Video } from "../backend/api.ts";

/** How much of the run is done. */
export function ProgressBar({
  video,
  percent,
}: {
  video: Pick<Video, "status" | "stalledSince">;
  percent: number;
}) {
  const rounded = Math.round(percent);
  return (
    <span className="flex items-center gap-2.5">
      <span
        role="progressbar"
        aria-label="Share of the run that is done"
        aria-valuenow={rounded}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1.5 min-w-16 flex-1 overflow-hidden rounded-full bg-line"
      >
        <span
          className={`block h-full rounded-full transition-[width] duration-500 ${fillOf(video)}`}
          style={{ width: `${percent}%` }}
        />
      </span>
      <span className="figures w-10 text-right text-xs whitespace-nowrap text-quiet">
        {rounded} %
      </span>
    </span>
  );
}

function fillOf({ status, stalledSince }: Pick<Video, "status" | "stalledSince">): string {
  if (status === STATUS_COMPLETED) return "bg-good-fill";
  if (status === STATUS_FAILED) return "bg-bad-fill";
  return stalledSince === undefined ? "bg-busy-fill" : "bg-warn-fill";
}
