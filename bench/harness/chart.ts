import { formatCell } from "./format.ts";
import type { Spread } from "./spread.ts";
import { type Table, TOO_NOISY } from "./table.ts";

const WIDTH = 880;
/** Of a letter, about, and at most: the width of text is not known here. */
const LETTER = 7.2;
const MARGIN = 28;
const VALUES = 180;
const TOP = 64;
const ROW = 30;
const BAR = 16;
const BOTTOM = 16;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 16px; font-weight: 600; }
    .quiet { fill: #59636e; }
    .paper { fill: #ffffff; stroke: #d1d9e0; }
    .bar { fill: #7c3aed; }
    .range { stroke: #1f2328; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .quiet { fill: #9198a1; }
      .paper { fill: #0d1117; stroke: #3d444d; }
      .bar { fill: #a78bfa; }
      .range { stroke: #f0f6fc; }
    }
  `;

/**
 * A table's chart as SVG: a bar for the median of each row, a line from the least to the greatest. It has its own background, light or dark as its
 * reader wishes.
 */
export function chartOf(table: Table): string {
  const { column, isLogarithmic = false } = table.chart;
  const bars = barsOf(table);
  const height = TOP + bars.length * ROW + BOTTOM;
  const left = Math.ceil(MARGIN + LETTER * Math.max(0, ...bars.map(({ name }) => name.length)));
  const scale = scaleFor(
    bars.map(({ spread }) => spread),
    { isLogarithmic, width: WIDTH - left - VALUES },
  );
  const subtitle = `${column}${isLogarithmic ? ", powers of ten" : ""}: median, least and greatest`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `  <title>${escape(`${table.title}: ${column}`)}</title>`,
    `  <style>${STYLE}</style>`,
    `  <rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    `  <text class="title" x="16" y="28">${escape(table.title)}</text>`,
    `  <text class="quiet" x="16" y="48">${escape(subtitle)}</text>`,
    ...bars.flatMap((bar, at) => drawBar(bar, { left, top: TOP + at * ROW, scale })),
    "</svg>",
    "",
  ].join("\n");
}

type Bar = { name: string; spread: Spread };

function barsOf({ rows, columns, chart }: Table): Bar[] {
  const at = columns.indexOf(chart.column);
  if (at < 0) throw new Error(`there is no column ${chart.column} to draw`);
  return rows.flatMap(({ name, cells }) => {
    const cell = cells[at] ?? null;
    return cell === null || cell === TOO_NOISY ? [] : { name, spread: cell };
  });
}

type Scale = (value: number) => number;

/** From a value to a length: from zero, or by powers of ten from the one below the least. */
function scaleFor(
  spreads: readonly Spread[],
  { isLogarithmic, width }: { isLogarithmic: boolean; width: number },
): Scale {
  const greatest = Math.max(...spreads.map(({ max }) => max));
  if (!(greatest > 0)) return () => 0;
  if (!isLogarithmic) return (value) => (value / greatest) * width;
  const positive = spreads.flatMap(({ min, median }) => [min, median]).filter((value) => value > 0);
  const floor = 10 ** Math.floor(Math.log10(Math.min(...positive)) - 0.1);
  const decades = Math.log10(greatest / floor);
  return (value) => (value <= floor ? 0 : (Math.log10(value / floor) / decades) * width);
}

type Position = { left: number; top: number; scale: Scale };

function drawBar({ name, spread }: Bar, { left, top, scale }: Position): string[] {
  const middle = top + BAR / 2;
  const [length, from, to] = [spread.median, spread.min, spread.max].map((value) =>
    Math.round(scale(value)),
  );
  const range =
    from === to
      ? []
      : [
          `  <path class="range" d="M${left + from!} ${middle}H${left + to!}M${left + from!} ${middle - 4}v8M${left + to!} ${middle - 4}v8"/>`,
        ];
  return [
    `  <text x="${left - 12}" y="${middle + 5}" text-anchor="end">${escape(name)}</text>`,
    `  <rect class="bar" x="${left}" y="${top}" width="${Math.max(1, length!)}" height="${BAR}" rx="2"/>`,
    ...range,
    `  <text x="${left + Math.max(length!, to!) + 10}" y="${middle + 5}">${escape(formatCell(spread))}</text>`,
  ];
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
