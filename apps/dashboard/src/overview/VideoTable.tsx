import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { usePaginatedQuery } from "convex/react";
import { Pause, Play } from "lucide-react";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

import { backend, type Video } from "../backend/api.ts";
import type { OverviewSearch } from "../routing/routes.ts";
import { Announcer } from "../layout/Announcer.tsx";
import { Button } from "../ui/Button.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { NoVideos } from "./NoVideos.tsx";
import { PAGE_SIZE } from "./pages.ts";
import { useStatusChanges } from "./useStatusChanges.ts";
import { ROW_GRID, VideoRow } from "./VideoRow.tsx";

const COLUMNS = ["Video", "Stage", "Progress", "In stage", "Sign of life", "Files"];
const ESTIMATED_ROW_HEIGHT_PX = 73;
const OVERSCAN_ROWS = 8;
/** The next page is asked for when this many rows are left below. */
const LOAD_AHEAD_ROWS = 15;

/** Every video that the filter lets through, newest change first, in pages that load as one scrolls. */
export function VideoTable({ search }: { search: OverviewSearch }) {
  const { status, stalled } = search;
  const {
    results,
    status: loading,
    loadMore,
  } = usePaginatedQuery(
    backend.video.list,
    { ...(status !== undefined && { status }), ...(stalled === true && { stalledOnly: true }) },
    { initialNumItems: PAGE_SIZE },
  );
  const [isPaused, setIsPaused] = useState(false);
  const videos = useHeld(results, isPaused);
  const changes = useStatusChanges(videos);
  const isLoading = loading === "LoadingFirstPage";
  if (!isLoading && videos.length === 0) return <NoVideos search={search} />;
  return (
    <section aria-labelledby="videos" className="space-y-3">
      <Heading {...{ search, isPaused }} onPause={setIsPaused} />
      <Announcer changes={changes} />
      <div
        role="table"
        aria-labelledby="videos"
        aria-busy={isLoading}
        className="card overflow-clip"
      >
        <Columns />
        {isLoading ? (
          <LoadingRows />
        ) : (
          <Rows videos={videos} onNearEnd={loading === "CanLoadMore" ? loadMore : undefined} />
        )}
      </div>
      <p role="status" className="text-center text-sm text-quiet">
        {loading === "LoadingMore" && "Loading more videos ..."}
        {loading === "Exhausted" && videos.length > PAGE_SIZE && `All ${videos.length} videos.`}
      </p>
    </section>
  );
}

function Heading({
  search,
  isPaused,
  onPause,
}: {
  search: OverviewSearch;
  isPaused: boolean;
  onPause: (isPaused: boolean) => void;
}) {
  return (
    <div className="flex items-center justify-between gap-4">
      <h2 id="videos" className="font-semibold">
        {describeFilter(search)}
        <span className="ml-2 font-normal text-quiet max-sm:hidden">newest change first</span>
      </h2>
      <Button look="quiet" aria-pressed={isPaused} onClick={() => onPause(!isPaused)}>
        {isPaused ? (
          <Play aria-hidden="true" className="size-4" />
        ) : (
          <Pause aria-hidden="true" className="size-4" />
        )}
        {isPaused ? "Go on updating" : "Pause updates"}
      </Button>
    </div>
  );
}

function Columns() {
  return (
    <div role="rowgroup">
      <div
        role="row"
        className={`${ROW_GRID} border-b bg-raised px-4 py-2 text-xs font-medium text-quiet max-md:sr-only`}
      >
        {COLUMNS.map((column, index) => (
          <div
            key={column}
            role="columnheader"
            className={index === COLUMNS.length - 1 ? "text-right" : ""}
          >
            {column}
          </div>
        ))}
      </div>
    </div>
  );
}

function Rows({
  videos,
  onNearEnd,
}: {
  videos: readonly Video[];
  onNearEnd: ((count: number) => void) | undefined;
}) {
  const body = useRef<HTMLDivElement>(null);
  const virtualizer = useRowVirtualizer(videos, body);
  const items = virtualizer.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;
  const isNearEnd = lastIndex >= videos.length - LOAD_AHEAD_ROWS;
  useEffect(() => {
    if (isNearEnd) onNearEnd?.(PAGE_SIZE);
  }, [isNearEnd, onNearEnd]);
  return (
    <div
      role="rowgroup"
      ref={body}
      className="relative"
      style={{ height: virtualizer.getTotalSize() }}
    >
      {items.map(({ index, key, start }) => {
        const video = videos[index];
        return video === undefined ? null : (
          <div
            key={key}
            role="row"
            data-index={index}
            ref={virtualizer.measureElement}
            className={`absolute inset-x-0 top-0 border-b px-4 py-3 last:border-b-0 hover:bg-raised ${ROW_GRID}`}
            style={{ transform: `translateY(${start - virtualizer.options.scrollMargin}px)` }}
          >
            <VideoRow video={video} />
          </div>
        );
      })}
    </div>
  );
}

function useRowVirtualizer(videos: readonly Video[], body: RefObject<HTMLDivElement | null>) {
  const [scrollMargin, setScrollMargin] = useState(0);
  useLayoutEffect(() => {
    // What stands above comes and goes with the data.
    const observer = new ResizeObserver(() => {
      const top = (body.current?.getBoundingClientRect().top ?? 0) + scrollY;
      setScrollMargin(Math.round(top));
    });
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [body]);
  return useWindowVirtualizer({
    count: videos.length,
    estimateSize: () => ESTIMATED_ROW_HEIGHT_PX,
    getItemKey: (index) => videos[index]?._id ?? index,
    overscan: OVERSCAN_ROWS,
    scrollMargin,
  });
}

function LoadingRows() {
  return (
    <div role="rowgroup">
      <div role="row">
        <div role="cell" className="sr-only">
          Loading videos ...
        </div>
      </div>
      {Array.from({ length: 6 }, (_, index) => (
        <div
          key={index}
          aria-hidden="true"
          className={`border-b px-4 py-4 last:border-b-0 ${ROW_GRID}`}
        >
          <Skeleton className="h-5 w-3/4" />
          <Skeleton className="h-5 w-28 max-md:mt-2" />
          <Skeleton className="h-2 w-full max-md:mt-3" />
          <Skeleton className="h-4 w-14 max-md:hidden" />
          <Skeleton className="h-4 w-16 max-md:hidden" />
          <Skeleton className="ml-auto h-4 w-8 max-md:hidden" />
        </div>
      ))}
    </div>
  );
}

/** The newest value, or while paused the one from before. */
function useHeld<T>(value: T, isPaused: boolean): T {
  const [held, setHeld] = useState(value);
  if (!isPaused && held !== value) setHeld(value);
  return isPaused ? held : value;
}

function describeFilter({ status, stalled }: OverviewSearch): string {
  if (stalled === true) return status === undefined ? "Stalled videos" : `Stalled in ${status}`;
  return status === undefined ? "All videos" : `Videos: ${status}`;
}
