import { SearchX } from "lucide-react";
import type { ReactNode } from "react";

import { CreateVideo } from "../actions/CreateVideo.tsx";

/** What stands where a Twitch ID is no video's. */
export function UnknownVideo({ twitchId, children }: { twitchId: string; children?: ReactNode }) {
  return (
    <section className="card flex flex-col items-center px-6 py-16 text-center">
      <SearchX aria-hidden="true" className="mb-4 size-10 text-quiet" strokeWidth={1.25} />
      <h1 className="text-lg font-semibold">No video has the Twitch ID {twitchId}</h1>
      <p className="mt-1 mb-5 max-w-md text-quiet">
        If a pipeline has just begun, it appears here by itself as soon as that is reported.
      </p>
      {children ?? <CreateVideo twitchId={twitchId} />}
    </section>
  );
}
