import { useEffect, useRef } from "react";
import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/dist/plugins/regions.esm.js";

import { themeColor } from "../layout/theme.ts";
import type { Highlight, Waveform } from "./contents.ts";
import { useThemeVersion } from "./useThemeVersion.ts";

/** wavesurfer.js writes it into a style element whose hash is in the Content-Security-Policy: change both. */
const HEIGHT_PX = 96;

/** The waveform, drawn from its JSON, with the highlights over it. The audio itself is not among the output files. */
export function WaveformView({
  waveform,
  highlights,
  position,
  onPosition,
}: {
  waveform: Waveform;
  highlights: readonly Highlight[];
  position: number;
  onPosition: (seconds: number) => void;
}) {
  const container = useRef<HTMLDivElement>(null);
  const wave = useRef<WaveSurfer>(null);
  const theme = useThemeVersion();
  useEffect(() => {
    if (container.current === null) return;
    const regions = RegionsPlugin.create();
    const drawn = WaveSurfer.create({
      container: container.current,
      height: HEIGHT_PX,
      peaks: [waveform.peaks],
      duration: waveform.durationSeconds,
      waveColor: themeColor("--color-control"),
      progressColor: themeColor("--color-accent"),
      cursorColor: themeColor("--color-ink"),
      cursorWidth: 2,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      normalize: true,
      plugins: [regions],
    });
    drawn.on("interaction", onPosition);
    drawn.on("ready", () => {
      for (const { startSeconds: start, endSeconds: end } of highlights)
        regions.addRegion({
          ...{ start, end, drag: false, resize: false },
          color: `color-mix(in srgb, ${themeColor("--color-warn-fill")} 28%, transparent)`,
        });
    });
    wave.current = drawn;
    return () => drawn.destroy();
  }, [waveform, highlights, onPosition, theme]);
  useEffect(() => {
    wave.current?.setTime(position);
  }, [position, waveform, highlights, theme]);
  return (
    <div
      ref={container}
      role="img"
      aria-label={`Waveform of the audio with ${highlights.length} highlights`}
      className="rounded-lg bg-raised px-1"
    />
  );
}
