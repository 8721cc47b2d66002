import { useEffect, useRef } from "react";
import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/dist/plugins/regions.esm.js";

import { themeColor } from "../layout/theme.ts";
import type { Highlight, Waveform } from "./contents.ts";
import { useThemeVersion } from "./useThemeVersion.ts";

/** wavesurfer.js writes it into a style element whose hash is in the Content-Security-Policy: change both. */
const HEIGHT_PX = 96;

type WaveformProps = {
  waveform: Waveform;
  highlights: readonly Highlight[];
  onPosition: (seconds: number) => void;
};

/** The waveform, drawn from its JSON, with the highlights over it. The audio itself is not among the output files. */
export function WaveformView({ position, ...props }: WaveformProps & { position: number }) {
  const { waveform, highlights, onPosition } = props;
  const container = useRef<HTMLDivElement>(null);
  const drawn = useRef<WaveSurfer>(null);
  const theme = useThemeVersion();
  useEffect(() => {
    if (container.current === null) return;
    const wave = draw(container.current, { waveform, highlights, onPosition });
    drawn.current = wave;
    return () => wave.destroy();
  }, [waveform, highlights, onPosition, theme]);
  useEffect(() => {
    drawn.current?.setTime(position);
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

function draw(container: HTMLElement, { waveform, highlights, onPosition }: WaveformProps) {
  const regions = RegionsPlugin.create();
  const color = `color-mix(in srgb, ${themeColor("--color-warn-fill")} 28%, transparent)`;
  const wave = WaveSurfer.create({
    container,
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
  wave.on("interaction", onPosition);
  wave.on("ready", () => {
    for (const { startSeconds: start, endSeconds: end } of highlights)
      regions.addRegion({ start, end, color, drag: false, resize: false });
  });
  return wave;
}
