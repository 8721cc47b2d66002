import type { Section } from "./section.ts";

const BEGIN = "<!-- headlines: written by `npx pnpm@12 bench` -->";
const END = "<!-- end of headlines -->";

const HEAD = `# Figures

What \`npx pnpm@12 bench\` measured on a machine with two cores, and what it means is in the ratios: each compares things that ran
in one run. [\`bench/results.json\`](../bench/results.json) holds the same numbers.`;

/** `docs/figures.md` for these results, name by name in their order. */
export function figuresDocument(results: Readonly<Record<string, Section[]>>): string {
  return [HEAD, ...Object.values(results).flat().map(toMarkdown), ""]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

/** The README with its headlines replaced by these. */
export function withHeadlines(readme: string, headlines: readonly string[]): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md lacks its marks: ${BEGIN} and ${END}`);
  const before = readme.slice(0, begin + BEGIN.length);
  const lines = headlines.map((headline) => `- ${headline}`).join("\n");
  return `${before}\n\n${lines === "" ? "" : `${lines}\n\n`}${readme.slice(end)}`;
}

/** Columns are padded as Prettier pads them. */
function toMarkdown({ title, method, columns, rows }: Section): string {
  const lines = [columns, ...rows.map((row) => row.map(format))];
  const widths = columns.map((_, at) =>
    Math.max(3, ...lines.map((cells) => cells[at]?.length ?? 0)),
  );
  const isNumber = columns.map((_, at) => rows.every((row) => typeof row[at] === "number"));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => pad(cells[at] ?? "", width, isNumber[at] ?? false)).join(" | ")} |`;
  const rule = widths.map((width, at) =>
    isNumber[at] ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  const [head = [], ...body] = lines;
  return [
    `## ${title}`,
    "",
    method,
    "",
    line(head),
    `| ${rule.join(" | ")} |`,
    ...body.map(line),
  ].join("\n");
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

function format(cell: string | number): string {
  return typeof cell === "number" ? cell.toLocaleString("en-US") : cell;
}
