import { RULE } from "./control.ts";
import { formatCell } from "./format.ts";
import type { Results, Table } from "./table.ts";

const BEGIN = "<!-- headlines: written by `npx pnpm@12 bench` -->";
const END = "<!-- end of headlines -->";

/** `docs/figures.md` for these results. */
export function figuresDocument({ machine, tables }: Results): string {
  const head = [
    "# Figures",
    "```sh\nnpx pnpm@12 bench\n```",
    "takes up to 10 minutes and writes this page; `--quick`, or the names of some tables, only print. After a change of this page's form alone: " +
      "`node --import tsx bench/programs/drawFigures.ts`.",
    `The page is made from [\`bench/results.json\`](../bench/results.json); a test compares them. It was measured on ${machine}. ` +
      "Times of another machine are others; what they mean is in the ratios. Each compares things that ran in one run, in turn, round by round, " +
      "and each cell is the median of the rounds with the least and the greatest.",
    `**When there is no ratio.** ${RULE} Counts stay: they do not depend on time. A table whose rounds ran out of time says how many there were.`,
  ];
  return `${[...head, ...tables.map(sectionOf)].join("\n\n")}\n`;
}

/** The README with its headlines replaced by those of these results. */
export function withHeadlines(readme: string, { tables }: Results): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md lacks its marks: ${BEGIN} and ${END}`);
  const lines = tables.flatMap(({ headline }) => (headline === null ? [] : `- ${headline}`));
  const block = lines.length === 0 ? "" : `${lines.join("\n")}\n\n`;
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${block}${readme.slice(end)}`;
}

function sectionOf(table: Table): string {
  const { name, title, method, chart } = table;
  return [
    `## ${title}`,
    `${method} ${roundsOf(table)}`,
    toMarkdown(table),
    `![${title}: ${chart.column}](figures/${name}.svg)`,
  ].join("\n\n");
}

/** How many rounds there were, and how much the controls varied in them. */
export function roundsOf({ rounds: { done, wanted }, control }: Table): string {
  const count = done === 1 ? "1 round" : `${done} rounds`;
  const rounds = done < wanted ? `${count} of ${wanted}: out of time` : count;
  if (control === null) return `_${rounds}._`;
  const spreads = Object.entries(control.spreads).map(([name, spread]) => `${name} ${spread}`);
  return `_${rounds}; the controls varied by: ${spreads.join(", ")}${control.isTooNoisy ? ": too noisy" : ""}._`;
}

/** A table's rows as text. */
export function linesOf({ rowTitle, columns, rows }: Table): string[][] {
  return [
    [rowTitle, ...columns],
    ...rows.map(({ name, cells }) => [name, ...cells.map(formatCell)]),
  ];
}

/** Columns are padded as Prettier pads them. */
function toMarkdown(table: Table): string {
  const lines = linesOf(table);
  const widths = lines[0]!.map((_, at) => Math.max(3, ...lines.map((line) => line[at]!.length)));
  const pad = (text: string, at: number) =>
    at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!);
  const toLine = (line: readonly string[]) => `| ${line.map(pad).join(" | ")} |`;
  const rule = widths.map((width, at) =>
    at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [head = [], ...body] = lines;
  return [toLine(head), `| ${rule.join(" | ")} |`, ...body.map(toLine)].join("\n");
}
