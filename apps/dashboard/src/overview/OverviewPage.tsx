import { useTitle } from "../layout/useTitle.ts";
import { readOverviewSearch } from "../routing/routes.ts";
import { useHashSearch } from "../routing/hashLocation.ts";
import { CreateVideo } from "../actions/CreateVideo.tsx";
import { Attention } from "./Attention.tsx";
import { StatusFilter } from "./StatusFilter.tsx";
import { VideoTable } from "./VideoTable.tsx";

/** What is being processed, how far it is, and what is stuck or failed. */
export function OverviewPage() {
  useTitle("Videos");
  const search = readOverviewSearch(useHashSearch());
  const isFiltered = search.status !== undefined || search.stalled === true;
  return (
    <div className="space-y-6">
      <div className="flex items-center justify-between gap-4">
        <h1 className="text-2xl font-semibold tracking-tight">Videos</h1>
        <CreateVideo />
      </div>
      <StatusFilter search={search} />
      {!isFiltered && <Attention />}
      {/* Another filter is another list: nothing of the one before belongs to it. */}
      <VideoTable key={JSON.stringify(search)} search={search} />
    </div>
  );
}
