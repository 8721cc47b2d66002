import { Film } from "lucide-react";
import { Link } from "wouter";

import { overviewHref, type OverviewSearch } from "../routing/routes.ts";
import { buttonClass } from "../ui/Button.tsx";

/** What stands where no video is: how to make the first, or how to see the others. */
export function NoVideos({ search }: { search: OverviewSearch }) {
  const isFiltered = search.status !== undefined || search.stalled === true;
  return (
    <section className="card flex flex-col items-center px-6 py-16 text-center">
      <Film aria-hidden="true" className="mb-4 size-10 text-quiet" strokeWidth={1.25} />
      <h2 className="text-lg font-semibold">
        {isFiltered ? "No video is in this state" : "No videos yet"}
      </h2>
      {isFiltered ? (
        <>
          <p className="mt-1 mb-5 text-quiet">As soon as one is, it appears here by itself.</p>
          <Link href={overviewHref()} className={buttonClass()}>
            Show all videos
          </Link>
        </>
      ) : (
        <>
          <p className="mt-1 max-w-md text-quiet">
            A video appears here when a pipeline reports it. To make the first one by hand:
          </p>
          <pre className="mt-4 max-w-full overflow-x-auto rounded-lg bg-raised px-4 py-3 text-left font-mono text-xs">
            npx pnpm@12 klipstream create 2434635255
          </pre>
        </>
      )}
    </section>
  );
}
