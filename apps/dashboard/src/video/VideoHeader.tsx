import { ARTIFACT_URL_FIELDS, formatDuration, STATUS_COMPLETED } from "@klipstream/contract";
import { useQuery } from "convex/react";
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { VideoActions } from "../actions/VideoActions.tsx";
import { backend, type Video } from "../backend/api.ts";
import { Announcer } from "../layout/Announcer.tsx";
import { useStatusChanges } from "../overview/useStatusChanges.ts";
import { overviewHref } from "../routing/routes.ts";
import { isStage } from "../status/appearance.ts";
import { fileCount, lastSign, stagePercent, videoPercent } from "../status/progress.ts";
import { ProgressBar } from "../status/ProgressBar.tsx";
import { NamedStageStepper } from "../status/StageStepper.tsx";
import { StatusBadge } from "../status/StatusBadge.tsx";
import { Age, Clock, Elapsed } from "../time/Time.tsx";
import { useNow } from "../time/useNow.ts";
import { Notice } from "../ui/Notice.tsx";
import { TwitchLink } from "./TwitchLink.tsx";
import { ShareLink } from "./ShareLink.tsx";

/** What the video is, where it is, and what can be done about it. */
export function VideoHeader({ video }: { video: Video }) {
  return (
    <header className="space-y-4">
      <nav aria-label="Breadcrumb" className="flex items-center gap-1 text-sm text-quiet">
        <Link href={overviewHref()} className="hover:text-ink hover:underline">
          Videos
        </Link>
        <ChevronRight aria-hidden="true" className="size-3.5" />
        <span className="figures">{video.twitchId}</span>
      </nav>
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
        <div className="min-w-0 space-y-2">
          <h1 className="line-clamp-3 text-2xl font-semibold tracking-tight">
            {video.title ?? `Video ${video.twitchId}`}
          </h1>
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            <StatusBadge status={video.status} stalled={video.stalledSince !== undefined} />
            <TwitchLink twitchId={video.twitchId} />
            <ShareLink twitchId={video.twitchId} />
          </div>
        </div>
        <VideoActions video={video} />
      </div>
      <Announcer changes={useStatusChanges([video])} />
      <Trouble video={video} />
      <Progression video={video} />
    </header>
  );
}

/** How far it is, and what there is to know of that. */
function Progression({ video }: { video: Video }) {
  const progress = useQuery(backend.video.progressOf, { videoIds: [video._id] })?.[0];
  const ofStage = stagePercent(video, progress);
  return (
    <div className="card space-y-5 p-4 sm:p-5">
      <NamedStageStepper video={video} />
      <ProgressBar video={video} percent={videoPercent(video, ofStage)} />
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-5">
        <Fact name={isStage(video.status) ? "In this stage for" : `${video.status} for`}>
          <Elapsed since={video.statusChangedAt} />
        </Fact>
        <Fact name="Progress of the stage">{describeStage(video, ofStage, progress?.message)}</Fact>
        <Fact name="Sign of life">
          <Age at={lastSign(video, progress)} />
        </Fact>
        <Fact name="Run">
          {video.run === undefined ? (
            "none"
          ) : (
            <span title={video.run.id}>
              {video.run.id.slice(0, 8)}, from <Clock at={video.run.startedAt} />
            </span>
          )}
        </Fact>
        <Fact name="Output files">
          {fileCount(video)} of {ARTIFACT_URL_FIELDS.length}
        </Fact>
      </dl>
    </div>
  );
}

function describeStage(video: Video, ofStage: number | null, message: string | undefined): string {
  if (ofStage !== null)
    return [`${Math.round(ofStage)} %`, ...(message === undefined ? [] : [message])].join(", ");
  return video.status === STATUS_COMPLETED ? "done" : "none reported";
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-quiet">{name}</dt>
      <dd className="figures mt-0.5 font-medium [overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

function Trouble({ video: { failure, stalledSince, status } }: { video: Video }) {
  const now = useNow();
  if (failure !== undefined)
    return (
      <Notice
        tone="bad"
        title={`Failed in ${failure.during}, ${formatDuration(now - failure.at)} ago`}
      >
        {failure.reason ?? "The pipeline gave no reason."}
      </Notice>
    );
  if (stalledSince === undefined) return null;
  return (
    <Notice
      tone="warn"
      title={`No sign of life for ${formatDuration(now - stalledSince)}, which is longer than ${status} should take`}
    >
      Its pipeline may have died, or only be silent. Any report from it clears this.
    </Notice>
  );
}
