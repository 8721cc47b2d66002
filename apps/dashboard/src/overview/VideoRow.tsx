import { ARTIFACT_URL_FIELDS, STATUS_COMPLETED, STATUS_QUEUED } from "@klipstream/contract";
import { useQuery } from "convex/react";
import { FileText } from "lucide-react";
import { memo } from "react";
import { Link } from "wouter";

import { backend, type Progress, type Video } from "../backend/api.ts";
import { videoHref } from "../routing/routes.ts";
import { fileCount, lastSign, stagePercent, videoPercent } from "../status/progress.ts";
import { ProgressBar } from "../status/ProgressBar.tsx";
import { StageStepper } from "../status/StageStepper.tsx";
import { StatusBadge } from "../status/StatusBadge.tsx";
import { Age, Elapsed } from "../time/Time.tsx";

/** The columns of the table, head and rows alike; on a phone a row is a card. */
export const ROW_GRID =
  "md:grid md:grid-cols-[minmax(0,2.2fr)_minmax(10.5rem,1fr)_minmax(8rem,1fr)_5.5rem_6rem_3.5rem] md:gap-5 md:items-center";

/** One video of the table. Unchanged videos are not drawn again: fifty others may change each second. */
export const VideoRow = memo(function VideoRow({ video }: { video: Video }) {
  const progress = useProgress(video);
  const percent = videoPercent(video, stagePercent(video, progress));
  return (
    <>
      <div role="cell" className="min-w-0">
        <Link
          href={videoHref(video.twitchId)}
          className="block truncate font-medium after:absolute after:inset-0"
        >
          {video.title ?? `Video ${video.twitchId}`}
        </Link>
        <span className="figures text-xs text-quiet">{video.twitchId}</span>
      </div>
      <div role="cell" className="min-w-0 space-y-1.5 max-md:mt-2">
        <StatusBadge status={video.status} stalled={video.stalledSince !== undefined} />
        <StageStepper video={video} />
      </div>
      <div role="cell" className="min-w-0 max-md:mt-2">
        <ProgressBar video={video} percent={percent} />
        {progress?.message !== undefined && (
          <span className="block truncate text-xs text-quiet" title={progress.message}>
            {progress.message}
          </span>
        )}
      </div>
      <div className="contents max-md:mt-2 max-md:flex max-md:flex-wrap max-md:gap-x-3 max-md:text-quiet">
        <div role="cell" className="figures text-sm max-md:text-xs">
          <span className="md:hidden">For </span>
          <Elapsed since={video.statusChangedAt} />
        </div>
        <div role="cell" className="figures text-sm text-quiet max-md:text-xs">
          <span className="md:hidden">Sign of life </span>
          <Age at={lastSign(video, progress)} />
        </div>
        <div
          role="cell"
          className="figures flex items-center gap-1.5 text-sm max-md:text-xs md:justify-end"
        >
          <FileText aria-hidden="true" className="size-3.5 text-quiet" />
          {fileCount(video)}/{ARTIFACT_URL_FIELDS.length}
        </div>
      </div>
    </>
  );
});

/** Only what is being worked on, or failed at it, has a progress that says more than the status. */
function useProgress({ _id, status }: Video): Progress | undefined {
  const isIdle = status === STATUS_COMPLETED || status === STATUS_QUEUED;
  return useQuery(backend.video.progressOf, isIdle ? "skip" : { videoIds: [_id] })?.[0];
}
