import { formatPosition } from "../time/format.ts";
import type { Analysis, Highlight } from "./contents.ts";

/** What the signals are called; a newer analysis may name others. */
const SIGNALS: Readonly<Record<string, string>> = {
  chatRate: "chat",
  wordRate: "speech",
  sentiment: "sentiment",
  loudness: "loudness",
};

/** The highlights in words; each goes to its place in the audio. */
export function HighlightList({
  highlights,
  totals,
  position,
  onPosition,
}: {
  highlights: readonly Highlight[];
  totals: Analysis["totals"];
  position: number;
  onPosition: (seconds: number) => void;
}) {
  const isAt = ({ startSeconds, endSeconds }: Highlight) =>
    position >= startSeconds && position < endSeconds;
  return (
    <div>
      <h3 className="mb-2 text-sm font-medium text-quiet">
        {highlights.length} highlights in {totals.messages} messages of {totals.chatters} chatters
        and {totals.words} words
      </h3>
      <ol className="grid gap-2 sm:grid-cols-2">
        {highlights.map((highlight) => (
          <li key={highlight.startSeconds}>
            <button
              type="button"
              aria-current={isAt(highlight) ? "true" : undefined}
              onClick={() => onPosition(highlight.startSeconds)}
              className={`h-full w-full rounded-lg border px-3 py-2.5 text-left hover:bg-raised ${isAt(highlight) ? "border-accent" : ""}`}
            >
              <span className="figures flex items-center justify-between gap-2">
                <span className="font-medium">
                  {formatPosition(highlight.startSeconds)} to {formatPosition(highlight.endSeconds)}
                </span>
                <span className="text-xs text-quiet">
                  score {highlight.score.toFixed(1)}:{" "}
                  {highlight.because.map((signal) => SIGNALS[signal] ?? signal).join(", ")}
                </span>
              </span>
              {highlight.quote !== "" && (
                <span className="mt-1 line-clamp-2 text-quiet">“{highlight.quote}”</span>
              )}
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
