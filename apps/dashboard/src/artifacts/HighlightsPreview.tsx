import { useState } from "react";

import type { PublicVideo } from "../backend/api.ts";
import { formatPosition } from "../time/format.ts";
import { TwitchLink } from "../video/TwitchLink.tsx";
import { ChatRateChart } from "./ChatRateChart.tsx";
import { parseAnalysis, parseWaveform } from "./contents.ts";
import { HighlightList } from "./HighlightList.tsx";
import { NotShown } from "./NotShown.tsx";
import { useArtifact } from "./useArtifact.ts";
import { WaveformView } from "./WaveformView.tsx";

/** The audio's waveform with the highlights over it, the chat's rate below it, and one position in both. */
export function HighlightsPreview({ video }: { video: PublicVideo }) {
  const waveform = useArtifact(video.audiowaveUrl, parseWaveform);
  const analysis = useArtifact(video.transcriptAnalysisUrl, parseAnalysis);
  const [position, setPosition] = useState(0);
  const found = analysis.kind === "ready" ? analysis.content : null;
  const highlights = found?.highlights ?? NO_HIGHLIGHTS;
  const duration =
    waveform.kind === "ready" ? waveform.content.durationSeconds : (found?.durationSeconds ?? 0);
  return (
    <div className="space-y-5">
      <div className="space-y-2">
        <h3 className="text-sm font-medium text-quiet">Audio</h3>
        {waveform.kind === "ready" ? (
          <WaveformView
            {...{ waveform: waveform.content, highlights, position }}
            onPosition={setPosition}
          />
        ) : (
          <NotShown artifact={waveform} name="waveform" />
        )}
        {duration > 0 && (
          <Position
            {...{ position, duration, twitchId: video.twitchId }}
            onPosition={setPosition}
          />
        )}
      </div>
      <div className="space-y-2">
        <h3 className="text-sm font-medium text-quiet">Chat messages a second</h3>
        {found === null ? (
          <NotShown
            artifact={analysis as Exclude<typeof analysis, { kind: "ready" }>}
            name="analysis"
          />
        ) : (
          <ChatRateChart
            {...{ rate: found.signals.chatRate, highlights, position }}
            onPosition={setPosition}
          />
        )}
      </div>
      {found !== null && (
        <HighlightList
          {...{ highlights, totals: found.totals, position }}
          onPosition={setPosition}
        />
      )}
    </div>
  );
}

const NO_HIGHLIGHTS: never[] = [];

/** The position as a slider, for keyboards and for those who cannot point at the waveform. */
function Position({
  position,
  duration,
  twitchId,
  onPosition,
}: {
  position: number;
  duration: number;
  twitchId: string;
  onPosition: (seconds: number) => void;
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <span className="figures w-28 font-medium">
        {formatPosition(position)}{" "}
        <span className="font-normal text-quiet">/ {formatPosition(duration)}</span>
      </span>
      <input
        type="range"
        aria-label="Position in the audio"
        aria-valuetext={`${formatPosition(position)} of ${formatPosition(duration)}`}
        className="min-h-6 min-w-40 flex-1 accent-accent"
        min={0}
        max={Math.floor(duration)}
        value={position}
        onChange={(event) => onPosition(event.target.valueAsNumber)}
      />
      <TwitchLink twitchId={twitchId} seconds={position} />
    </div>
  );
}
