import { TWITCH_ID_PATTERN } from "@klipstream/contract";
import { usePaginatedQuery, useQuery } from "convex/react";
import { useState } from "react";

import { Artifacts } from "../artifacts/Artifacts.tsx";
import { backend, type Video } from "../backend/api.ts";
import { LoadingPage } from "../layout/LoadingPage.tsx";
import { NotFound } from "../layout/NotFound.tsx";
import { useTitle } from "../layout/useTitle.ts";
import { Button } from "../ui/Button.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { EventList } from "./EventList.tsx";
import { TimelineChart } from "./TimelineChart.tsx";
import { UnknownVideo } from "./UnknownVideo.tsx";
import { VideoHeader } from "./VideoHeader.tsx";

const EVENTS_PAGE_SIZE = 100;

/** One video: where it is, how it got there, and what came out. */
export default function VideoPage({ twitchId }: { twitchId: string }) {
  return TWITCH_ID_PATTERN.test(twitchId) ? <KnownId twitchId={twitchId} /> : <NotFound />;
}

function KnownId({ twitchId }: { twitchId: string }) {
  const video = useQuery(backend.video.get, { twitchId });
  useTitle(video?.title ?? `Video ${twitchId}`);
  if (video === undefined) return <LoadingPage />;
  if (video === null) return <UnknownVideo twitchId={twitchId} />;
  return (
    <div className="space-y-6">
      <VideoHeader video={video} />
      <History video={video} />
      <Artifacts video={video} />
    </div>
  );
}

function History({ video: { twitchId } }: { video: Video }) {
  const { results, status, loadMore } = usePaginatedQuery(
    backend.video.history,
    { twitchId },
    { initialNumItems: EVENTS_PAGE_SIZE },
  );
  const [selected, setSelected] = useState<string | null>(null);
  const isLoading = status === "LoadingFirstPage";
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_23rem]">
      <section aria-labelledby="timeline" className="card min-w-0 p-4 sm:p-5">
        <h2 id="timeline" className="mb-3 font-semibold">
          Timeline
        </h2>
        {isLoading ? (
          <Skeleton className="h-56" />
        ) : (
          <TimelineChart events={results} onSelect={setSelected} />
        )}
      </section>
      <section aria-labelledby="events" className="card min-w-0 overflow-hidden">
        <h2 id="events" className="border-b px-4 py-3 font-semibold">
          Events
        </h2>
        {/* Scrolls by itself, hence reachable by keyboard. */}
        <div
          tabIndex={0}
          role="region"
          aria-labelledby="events"
          className="max-h-[28rem] overflow-y-auto"
        >
          {isLoading ? (
            <div className="space-y-3 p-4">
              <Skeleton className="h-10" />
              <Skeleton className="h-10" />
              <Skeleton className="h-10" />
            </div>
          ) : (
            <EventList events={results} selected={selected} />
          )}
          {status === "CanLoadMore" && (
            <Button look="quiet" className="m-2" onClick={() => loadMore(EVENTS_PAGE_SIZE)}>
              Load earlier events
            </Button>
          )}
        </div>
      </section>
    </div>
  );
}
