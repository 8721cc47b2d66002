import * as Tabs from "@radix-ui/react-tabs";
import { useLocation } from "wouter";

import type { PublicVideo } from "../backend/api.ts";
import { useHashSearch } from "../routing/hashLocation.ts";
import { type Preview, PREVIEWS, readVideoSearch, videoHref } from "../routing/routes.ts";
import { parseChat, parseTranscript } from "./contents.ts";
import { HighlightsPreview } from "./HighlightsPreview.tsx";
import { LinesPreview } from "./LinesPreview.tsx";

const NAMES: Record<Preview, string> = {
  highlights: "Highlights",
  transcript: "Transcript",
  chat: "Chat",
};

/** What is in the output files. Which one is shown stands in the address. */
export default function Previews({ video }: { video: PublicVideo }) {
  const [, navigate] = useLocation();
  const { preview = "highlights" } = readVideoSearch(useHashSearch());
  const show = (next: string) => {
    const found = PREVIEWS.find((each) => each === next);
    if (found !== undefined)
      navigate(videoHref(video.twitchId, { preview: found }), { replace: true });
  };
  return (
    <Tabs.Root value={preview} onValueChange={show} className="card overflow-hidden">
      <Tabs.List
        aria-label="Preview of the output files"
        className="flex gap-1 border-b px-3 sm:px-4"
      >
        {PREVIEWS.map((each) => (
          <Tabs.Trigger
            key={each}
            value={each}
            className="-mb-px border-b-2 border-transparent px-2 py-3 font-medium text-quiet hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {NAMES[each]}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="highlights" className="p-4 sm:p-5">
        <HighlightsPreview video={video} />
      </Tabs.Content>
      <Tabs.Content value="transcript">
        <LinesPreview
          name="transcript"
          {...{ url: video.transcriptUrl, parse: parseTranscript, twitchId: video.twitchId }}
        />
      </Tabs.Content>
      <Tabs.Content value="chat">
        <LinesPreview
          name="chat"
          {...{ url: video.chatUrl, parse: parseChat, twitchId: video.twitchId }}
        />
      </Tabs.Content>
    </Tabs.Root>
  );
}
