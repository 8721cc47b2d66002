import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";
import UPlot from "uplot";

import { themeColor } from "../layout/theme.ts";
import { formatPosition } from "../time/format.ts";
import type { Highlight } from "./contents.ts";
import { useThemeVersion } from "./useThemeVersion.ts";

const HEIGHT_PX = 150;

type ChatRateChartProps = {
  /** Messages in each second. */
  rate: readonly number[];
  highlights: readonly Highlight[];
  position: number;
  onPosition: (seconds: number) => void;
};

/** How fast the chat went, second by second, with the highlights behind it. */
export function ChatRateChart({ rate, highlights, position, onPosition }: ChatRateChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(null);
  const shown = useRef(position);
  const theme = useThemeVersion();
  useEffect(() => {
    const place = container.current;
    if (place === null) return;
    const seconds = rate.map((_, second) => second);
    const options = optionsFor({
      width: place.clientWidth,
      highlights,
      position: () => shown.current,
    });
    const drawn = new UPlot(options, [seconds, [...rate]], place);
    chart.current = drawn;
    const click = () =>
      onPosition(Math.max(0, Math.round(drawn.posToVal(drawn.cursor.left ?? 0, "x"))));
    drawn.over.addEventListener("click", click);
    const observer = new ResizeObserver(() =>
      drawn.setSize({ width: place.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(place);
    return () => {
      observer.disconnect();
      drawn.destroy();
    };
  }, [rate, highlights, onPosition, theme]);
  useEffect(() => {
    shown.current = position;
    chart.current?.redraw(false);
  }, [position]);
  const most = Math.max(0, ...rate);
  return (
    <div
      ref={container}
      role="img"
      aria-label={`Chat messages a second: at most ${most}, at ${formatPosition(rate.indexOf(most))}`}
    />
  );
}

function optionsFor({
  width,
  highlights,
  position,
}: {
  width: number;
  highlights: readonly Highlight[];
  position: () => number;
}): UPlot.Options {
  const [line, quiet, band, ink, accent] = (
    ["--color-line", "--color-quiet", "--color-warn-fill", "--color-ink", "--color-accent"] as const
  ).map(themeColor) as [string, string, string, string, string];
  const font = "11px Inter, sans-serif";
  const axis = { stroke: quiet, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(1, max)] } },
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    axes: [
      {
        ...axis,
        size: 26,
        incrs: [10, 30, 60, 120, 300, 600, 1_800, 3_600],
        space: 70,
        values: (_, values) => values.map(formatPosition),
      },
      { ...axis, size: 32, space: 34 },
    ],
    series: [
      {},
      {
        stroke: accent,
        width: 1.5,
        fill: `color-mix(in srgb, ${accent} 18%, transparent)`,
        points: { show: false },
      },
    ],
    hooks: {
      drawClear: [
        (u) => {
          for (const { startSeconds, endSeconds } of highlights)
            fill(u, `color-mix(in srgb, ${band} 28%, transparent)`, [startSeconds, endSeconds]);
        },
      ],
      draw: [(u) => fill(u, ink, [position()])],
    },
  };
}

/** Fills the height of the plot between two seconds, or draws a line at one. */
function fill(u: UPlot, color: string, [from, to]: [number, number?]): void {
  const { ctx, bbox } = u;
  const left = u.valToPos(from, "x", true);
  const width = to === undefined ? 2 * devicePixelRatio : u.valToPos(to, "x", true) - left;
  ctx.save();
  ctx.fillStyle = color;
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.restore();
}
