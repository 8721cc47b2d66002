import {
  ARTIFACT_URL_FIELDS,
  STATUS_COMPLETED,
  STATUS_FAILED,
  TWITCH_ID_PATTERN,
} from "@klipstream/contract";
import { useQuery } from "convex/react";
import { Link } from "wouter";

import { Artifacts } from "../artifacts/Artifacts.tsx";
import { backend, type PublicVideo } from "../backend/api.ts";
import { Announcer } from "../layout/Announcer.tsx";
import { LoadingPage } from "../layout/LoadingPage.tsx";
import { NotFound } from "../layout/NotFound.tsx";
import { useTitle } from "../layout/useTitle.ts";
import { useStatusChanges } from "../overview/useStatusChanges.ts";
import { signInHref } from "../routing/routes.ts";
import { describeSignedOut } from "../session/describeSignedOut.ts";
import { useSessionState } from "../session/useSession.ts";
import { fileCount, videoPercent } from "../status/progress.ts";
import { ProgressBar } from "../status/ProgressBar.tsx";
import { NamedStageStepper } from "../status/StageStepper.tsx";
import { StatusBadge } from "../status/StatusBadge.tsx";
import { Elapsed } from "../time/Time.tsx";
import { Notice } from "../ui/Notice.tsx";
import { TwitchLink } from "../video/TwitchLink.tsx";
import { UnknownVideo } from "../video/UnknownVideo.tsx";

/** One video for somebody who waits for it: what anyone may know. */
export default function PublicVideoPage({ twitchId }: { twitchId: string }) {
  return TWITCH_ID_PATTERN.test(twitchId) ? <KnownId twitchId={twitchId} /> : <NotFound />;
}

function KnownId({ twitchId }: { twitchId: string }) {
  const video = useQuery(backend.video.getByTwitchIdPublic, { twitchId });
  useTitle(video?.title ?? `Video ${twitchId}`);
  return (
    <div className="mx-auto max-w-4xl space-y-6">
      <WhySignedOut />
      {video === undefined && <LoadingPage />}
      {video === null && <UnknownVideo twitchId={twitchId}>{null}</UnknownVideo>}
      {video !== undefined && video !== null && (
        <>
          <Summary video={video} />
          <Artifacts video={video} />
        </>
      )}
      <p className="text-center text-sm text-quiet">
        History, reasons and actions are for those who are signed in.{" "}
        <Link href={signInHref(twitchId)} className="font-medium text-accent hover:underline">
          Sign in
        </Link>
      </p>
    </div>
  );
}

/** What a person who waits wants to know, in a sentence. */
function outlook({ status }: PublicVideo): string {
  if (status === STATUS_COMPLETED) return "It is done: the files are below.";
  if (status === STATUS_FAILED) return "Something went wrong. The people who run it can see what.";
  if (status === "Queued") return "It waits for its turn. This page follows by itself.";
  return "It is being worked on. This page follows by itself.";
}

function Summary({ video }: { video: PublicVideo }) {
  return (
    <section className="card space-y-5 p-5 sm:p-8">
      <Announcer changes={useStatusChanges([video])} />
      <div className="space-y-3">
        <StatusBadge status={video.status} />
        <h1 className="line-clamp-3 text-2xl font-semibold tracking-tight">
          {video.title ?? `Video ${video.twitchId}`}
        </h1>
        <p className="text-quiet">
          {outlook(video)} In this state for <Elapsed since={video.statusChangedAt} />.
        </p>
        <TwitchLink twitchId={video.twitchId} />
      </div>
      {video.status !== STATUS_FAILED && (
        <>
          <NamedStageStepper video={video} />
          <ProgressBar video={video} percent={videoPercent(video, null)} />
        </>
      )}
      <p className="text-sm text-quiet">
        {fileCount(video)} of {ARTIFACT_URL_FIELDS.length} output files are there.
      </p>
    </section>
  );
}

function WhySignedOut() {
  const state = useSessionState();
  if (state.kind === "signedIn" || state.because === null) return null;
  const { title, text } = describeSignedOut(state.because);
  return (
    <Notice tone={state.because.kind === "expired" ? "warn" : "bad"} title={title} role="alert">
      {text}
    </Notice>
  );
}
