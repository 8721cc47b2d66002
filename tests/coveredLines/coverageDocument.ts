/** What a file with fewer of its lines run, in percent, is listed for. */
const LISTED_BELOW = 80;

export type FileCoverage = {
  /** From the root of this tree. */
  path: string;
  covered: number;
  total: number;
};

/** Why a file, or each file of a folder (`/` at the end), has few lines that the counted tests run. */
export type Reasons = Readonly<Record<string, string>>;

/**
 * `docs/coverage.md`, before Prettier.
 *
 * @throws Error with the files that are listed and have no reason.
 */
export function coverageDocument(files: readonly FileCoverage[], reasons: Reasons): string {
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))].toSorted();
  const rows = folders.map((folder) =>
    rowOf(
      `\`${folder}\``,
      files.filter(({ path }) => folderOf(path) === folder),
    ),
  );
  const listed = files.filter((file) => percentOf([file]) < LISTED_BELOW);
  return `# Coverage

Which lines of the program the tests run. This says where no test has been. It does not say that the tests look at what a line does.

\`\`\`sh
npx pnpm@12 coverage
\`\`\`

runs the tests beside the sources of \`convex/\`, \`packages/\` and \`apps/\`, counts the lines, and writes this page. It takes some
minutes. The tests in \`tests/\` are not counted: they start programs of their own (the relay, the demo, a browser, an installed package), and lines are
counted in the tests' own process only.

| folder | files | lines | run by a test |
| --- | ---: | ---: | ---: |
${[...rows, rowOf("all", files)].join("\n")}

## Files with less than ${LISTED_BELOW} %

A new one needs a reason in [\`tests/coveredLines/reasons.ts\`](../tests/coveredLines/reasons.ts), or a test.

| file | lines | run by a test | why |
| --- | ---: | ---: | --- |
${listed.map((file) => listedRowOf(file, reasons)).join("\n")}
`;
}

function folderOf(path: string): string {
  return path.startsWith("convex/") ? "convex" : path.split("/").slice(0, 2).join("/");
}

function sum(files: readonly FileCoverage[], what: "covered" | "total"): number {
  return files.reduce((all, file) => all + file[what], 0);
}

/** A file without a line that runs (types alone) is covered. */
function percentOf(files: readonly FileCoverage[]): number {
  const total = sum(files, "total");
  return total === 0 ? 100 : Math.floor((100 * sum(files, "covered")) / total);
}

function rowOf(name: string, files: readonly FileCoverage[]): string {
  return `| ${name} | ${files.length} | ${sum(files, "total")} | ${percentOf(files)} % |`;
}

function listedRowOf(file: FileCoverage, reasons: Reasons): string {
  const [, reason] =
    Object.entries(reasons).find(([path]) => file.path === path || isIn(path, file.path)) ?? [];
  if (reason === undefined)
    throw new Error(
      `${file.path}: its tests run ${percentOf([file])} % of it. Test it, or say why not in tests/coveredLines/reasons.ts`,
    );
  return `| \`${file.path}\` | ${file.total} | ${percentOf([file])} % | ${reason} |`;
}

function isIn(folder: string, path: string): boolean {
  return folder.endsWith("/") && path.startsWith(folder);
}
