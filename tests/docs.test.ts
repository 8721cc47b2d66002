import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { execFileSync } from "node:child_process";

import { chartOf } from "@klipstream/bench/chart";
import { figuresDocument, withHeadlines } from "@klipstream/bench/document";
import type { Results } from "@klipstream/bench/table";
import { ENVIRONMENT_VARIABLES } from "@klipstream/client";
import { ARTIFACT_URL_FIELDS, VIDEO_STATUSES } from "@klipstream/contract";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

const documents = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  {
    cwd: root,
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((path) => path !== "" && existsSync(resolve(root, path)));

const read = (path: string): string => readFileSync(resolve(root, path), "utf8");

/** The programs in a document's TypeScript blocks; a block without an import goes on where the one before it ended. */
function programsOf(path: string): string[] {
  const programs: string[] = [];
  for (const [, code = ""] of read(path).matchAll(/^```ts\n([\s\S]*?)^```/gm))
    if (code.includes("import ") || programs.length === 0) programs.push(code);
    else programs.push(`${programs.pop() ?? ""}\n${code}`);
  return programs;
}

/** What GitHub makes of a heading, for a link's `#`. */
function anchorsOf(path: string): string[] {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with a link of a document to another, or to a place in itself; null for one that is good. */
function problemOf(path: string, link: string): string | null {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? path : relative(root, resolve(root, dirname(path), file));
  if (!existsSync(resolve(root, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith(".md")) return null;
  return anchorsOf(target).includes(anchor) ? null : `${link}: no heading of ${target} is that`;
}

/** The shell commands of a document: the lines of its `sh` blocks, and what stands between backquotes. */
function commandsOf(path: string): string[] {
  const blocks = [...read(path).matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(
    ([, block = ""]) => block.replaceAll("\\\n", " ").split("\n"),
  );
  const spans = [...read(path).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? "");
  return [...blocks, ...spans].map((command) => command.trim());
}

const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const pnpmCommands = [...Object.keys(scripts), "install", "exec"];
/** A test of the CLI holds this table equal to the program. */
const klipstreamCommands = [...read("apps/cli/README.md").matchAll(/^\| `([a-z -]+)` +\|/gm)].map(
  ([, name]) => name ?? "",
);
const binaries = ["node_modules", "tests/node_modules"].flatMap((folder) =>
  existsSync(resolve(root, folder, ".bin")) ? readdirSync(resolve(root, folder, ".bin")) : [],
);

/** What a command names that is not there; null for a good one, and for what is no command of this project. */
function unknownIn(command: string): string | null {
  const pnpm = /\bnpx pnpm@12 (?:--silent )?([a-z][a-z:-]*)/.exec(command)?.[1];
  if (pnpm !== undefined && !pnpmCommands.includes(pnpm)) return `the script ${pnpm}`;
  const npx = /\bnpx ([a-z][a-z-]*)(?= |$)/.exec(command)?.[1];
  if (npx !== undefined && !binaries.includes(npx)) return `the program ${npx}`;
  const words = /(?:^|[ (|&])klipstream ([a-z][a-z-]*)(?: ([a-z-]+))?/.exec(command);
  if (words === null) return null;
  const [, first = "", second = ""] = words;
  const isKnown = klipstreamCommands.some(
    (name) => name === first || name === `${first} ${second}`,
  );
  const isFamily = second === "" && klipstreamCommands.some((name) => name.startsWith(`${first} `));
  return isKnown || isFamily ? null : `the command klipstream ${first} ${second}`.trim();
}

describe("every document", () => {
  test.each(documents)("%s links only to what exists, down to the heading", (path) => {
    const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "");
    const local = links.filter((link) => !/^(https?:|mailto:)/.test(link));
    expect(local.flatMap((link) => problemOf(path, link) ?? [])).toEqual([]);
  });

  test.each(documents)("%s names only scripts and commands that exist", (path) => {
    expect(commandsOf(path).flatMap((command) => unknownIn(command) ?? [])).toEqual([]);
  });
});

test("a link to nothing, to no heading, and a command that is not there are found", () => {
  expect(problemOf("README.md", "docs/nothing.md")).toContain("there is no docs/nothing.md");
  expect(problemOf("README.md", "docs/relay.md#nothing")).toContain("no heading");
  expect(problemOf("README.md", "#two-commands")).toBeNull();
  expect(unknownIn("npx pnpm@12 nothing --now")).toBe("the script nothing");
  expect(unknownIn('x=$(klipstream key nothing "$ID")')).toBe("the command klipstream key nothing");
  expect(unknownIn("npx nothing deploy")).toBe("the program nothing");
  expect(unknownIn("npx convex deploy")).toBeNull();
});

test("every TypeScript block in the documents compiles", () => {
  const sources = new Map<string, string>();
  for (const path of documents)
    programsOf(path).forEach((code, index) => {
      const name = `${path.replaceAll(/[^a-zA-Z0-9]/g, "_")}_${index}.snippet.ts`;
      // Beside this test, whose package depends on every package that a snippet imports.
      sources.set(resolve(import.meta.dirname, name), `${code}\nexport {};\n`);
    });
  expect(sources.size).toBeGreaterThan(0);
  expect(compile(sources)).toEqual([]);
});

test("a block that does not compile is found", () => {
  const wrong = new Map([
    [resolve(import.meta.dirname, "wrong.snippet.ts"), "const n: number = '';"],
  ]);
  expect(compile(wrong)).toHaveLength(1);
});

describe("the tables", () => {
  /** What the first column of a document's tables names, in backquotes. */
  const named = (path: string): string[] => {
    const cells = [...read(path).matchAll(/^\|([^|]*)\|/gm)].map(([, cell]) => cell ?? "");
    return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""));
  };

  test("of docs/configuration.md name each variable of the client, of an operator and of a deployment", () => {
    const declared = [...read("convex/convex.config.ts").matchAll(/^ +([A-Z_]+): v\./gm)].map(
      ([, name]) => name ?? "",
    );
    const operators = ["deployment/adminClient.ts", "credentials/operator.ts"].flatMap((file) =>
      [...read(`apps/cli/src/${file}`).matchAll(/"((?:CONVEX|KLIPSTREAM)_[A-Z_]+)"/g)].map(
        ([, name]) => name ?? "",
      ),
    );
    expect(named("docs/configuration.md").toSorted()).toEqual(
      [...Object.values(ENVIRONMENT_VARIABLES), ...new Set(operators), ...declared].toSorted(),
    );
  });

  test("of docs/guarantees.md have a row for each promise that the chaos run tries", () => {
    const rows = [...read("docs/guarantees.md").matchAll(/^\| ([a-z][^|]*?) +\|/gm)].map(
      ([, cell]) => cell ?? "",
    );
    const tried = readdirSync(resolve(root, "tests/chaos"))
      .flatMap((file) => [...read(`tests/chaos/${file}`).matchAll(/promise(?::| =) "([^"]+)"/g)])
      .map(([, promise]) => promise ?? "");
    expect(rows.filter((row) => row !== "promise").toSorted()).toEqual(tried.toSorted());
  });

  test("of the README's guarantees hold no number that docs/guarantees.md has not", () => {
    const section =
      read("README.md")
        .split(/^## /m)
        .find((part) => part.startsWith("Guarantees")) ?? "";
    const cells = [...section.matchAll(/^\|[^|]*\|([^|]*)\|$/gm)].map(([, cell]) => cell ?? "");
    const numbersIn = (text: string): string[] =>
      [...text.replaceAll(/(\d),(\d)/g, "$1$2").matchAll(/\d[\d.]*\d|\d/g)].map(
        ([number]) => number,
      );
    const recorded = numbersIn(read("docs/guarantees.md"));
    const shown = cells.flatMap(numbersIn);
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.filter((number) => !recorded.includes(number))).toEqual([]);
  });

  test("of CONTRIBUTING.md answers twenty questions with a file that declares what it names", () => {
    const [, section = ""] = /^## Where is it\?\n([^]*?)^## /m.exec(read("CONTRIBUTING.md")) ?? [];
    const rows = [
      ...section.matchAll(/^\| ([^|]+\?) +\| \[`(\S+)`\]\(\2\) +\| `(\w+)` +\|$/gm),
    ].map(([, question, file = "", name = ""]) => ({ question, file, name }));
    expect(new Set(rows.map(({ question }) => question)).size).toBe(20);
    expect(rows.filter(({ file, name }) => !declares(file, name))).toEqual([]);
    expect(declares("packages/client/src/retry/delay.ts", "classify")).toBe(false);
    expect(declares("packages/client/src/retry/nothing.ts", "classify")).toBe(false);
  });

  test("of docs/libraries.md name each library that a package needs at run time", () => {
    const manifests = ["package.json", ...manifestsOf("packages"), ...manifestsOf("apps")];
    const needed = manifests.flatMap((path) =>
      Object.keys((JSON.parse(read(path)) as { dependencies?: object }).dependencies ?? {}),
    );
    const libraries = new Set(needed.filter((name) => !name.startsWith("@klipstream/")));
    expect(named("docs/libraries.md").toSorted()).toEqual([...libraries].toSorted());
  });
});

test("the contract's README lists the statuses and the URL fields in their order", () => {
  const [, section = ""] = read("packages/contract/README.md").split("## Statuses and URLs\n");
  const [statuses = "", urls = ""] = (section.split("\n## ")[0] ?? "").trim().split("\n\n");
  const listed = (text: string): string[] =>
    [...text.matchAll(/`([A-Za-z ]+)`/g)].map(([, name]) => name ?? "");
  expect(listed(statuses)).toEqual([...VIDEO_STATUSES]);
  expect(listed(urls)).toEqual([...ARTIFACT_URL_FIELDS]);
});

// The README holds the headlines between two marks; `npx pnpm@12 bench` writes them, all of docs/figures.md and docs/figures/.
describe("what the benchmarks recorded in bench/results.json", () => {
  const results = JSON.parse(read("bench/results.json")) as Results;

  test("is what docs/figures.md holds", () => {
    expect(read("docs/figures.md")).toBe(figuresDocument(results));
  });

  test("is what the charts beside it draw, one for each table", () => {
    const charts = Object.fromEntries(
      readdirSync(resolve(root, "docs/figures")).map((name) => [
        name,
        read(`docs/figures/${name}`),
      ]),
    );
    expect(charts).toEqual(
      Object.fromEntries(results.tables.map((table) => [`${table.name}.svg`, chartOf(table)])),
    );
  });

  test("is what the README's headlines say", () => {
    expect(read("README.md")).toBe(withHeadlines(read("README.md"), results));
  });
});

function declares(file: string, name: string): boolean {
  const declaration = new RegExp(`\\b(const|function|class|type) ${name}\\b`);
  return existsSync(resolve(root, file)) && declaration.test(read(file));
}

function manifestsOf(folder: string): string[] {
  return readdirSync(resolve(root, folder)).map((name) => `${folder}/${name}/package.json`);
}

function compile(sources: ReadonlyMap<string, string>): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(resolve(root, "tsconfig.base.json"), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const onDisk = {
    getSourceFile: host.getSourceFile.bind(host),
    fileExists: host.fileExists.bind(host),
  };
  host.fileExists = (path) => sources.has(path) || onDisk.fileExists(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = sources.get(path);
    return text === undefined
      ? onDisk.getSourceFile(path, languageVersion)
      : ts.createSourceFile(path, text, languageVersion);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file !== undefined && sources.has(file.fileName))
    .map(({ file, messageText }) => {
      const name = relative(root, file?.fileName ?? "");
      return `${name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
}
