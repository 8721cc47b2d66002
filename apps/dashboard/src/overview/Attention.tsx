import { STATUS_FAILED } from "@klipstream/contract";
import { useQuery } from "convex/react";
import { ArrowRight } from "lucide-react";
import { Link } from "wouter";

import { backend, type Video } from "../backend/api.ts";
import { overviewHref, videoHref } from "../routing/routes.ts";
import { StatusBadge } from "../status/StatusBadge.tsx";
import { Age } from "../time/Time.tsx";
import { FAILED_PAGE, STALLED_PAGE } from "./pages.ts";

const SHOWN = 3;

/** The problems, before everything else: what failed and what fell silent, newest first. */
export function Attention() {
  const failed = useQuery(backend.video.list, FAILED_PAGE)?.page ?? [];
  const stalled = useQuery(backend.video.list, STALLED_PAGE)?.page ?? [];
  if (failed.length + stalled.length === 0) return null;
  return (
    <section aria-labelledby="attention" className="space-y-3">
      <h2 id="attention" className="font-semibold">
        Needs attention
      </h2>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {failed.length > 0 && (
          <Problems
            videos={failed}
            more={{ href: overviewHref({ status: STATUS_FAILED }), text: "All failed videos" }}
          />
        )}
        {stalled.length > 0 && (
          <Problems
            videos={stalled}
            more={{ href: overviewHref({ stalled: true }), text: "All stalled videos" }}
          />
        )}
      </div>
    </section>
  );
}

function Problems({
  videos,
  more,
}: {
  videos: readonly Video[];
  more: { href: string; text: string };
}) {
  return (
    <div className="card overflow-hidden">
      <ul className="divide-y divide-line">
        {videos.slice(0, SHOWN).map((video) => (
          <li key={video._id} className="relative px-4 py-3 hover:bg-raised">
            <div className="flex items-start justify-between gap-3">
              <Link
                href={videoHref(video.twitchId)}
                className="min-w-0 truncate font-medium after:absolute after:inset-0"
              >
                {video.title ?? video.twitchId}
              </Link>
              <StatusBadge status={video.status} stalled={video.stalledSince !== undefined} />
            </div>
            <p className="mt-1 line-clamp-2 text-quiet [overflow-wrap:anywhere]">
              <Why video={video} />
            </p>
          </li>
        ))}
      </ul>
      {videos.length > SHOWN && (
        <Link
          href={more.href}
          className="flex items-center gap-1.5 border-t px-4 py-2.5 text-sm font-medium text-accent hover:bg-raised"
        >
          {more.text} <ArrowRight aria-hidden="true" className="size-4" />
        </Link>
      )}
    </div>
  );
}

function Why({ video: { failure, stalledSince, statusChangedAt } }: { video: Video }) {
  if (failure !== undefined)
    return (
      <>
        In {failure.during}, <Age at={failure.at} />: {failure.reason ?? "no reason was given"}
      </>
    );
  return (
    <>
      Last sign of life <Age at={stalledSince ?? statusChangedAt} />
    </>
  );
}
