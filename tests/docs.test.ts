import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { execFileSync } from "node:child_process";

import { chartOf } from "@klipstream/bench/chart";
import { figuresDocument, withHeadlines } from "@klipstream/bench/document";
import type { Results } from "@klipstream/bench/table";
import { ENVIRONMENT_VARIABLES } from "@klipstream/client";
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

describe("every document", () => {
  test.each(documents)("%s links only to what exists", (path) => {
    const targets = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
    const local = targets.filter((target) => !/^(https?:|mailto:|#)/.test(target));
    const broken = local.filter(
      (target) => !existsSync(resolve(root, dirname(path), target.replace(/#.*$/, ""))),
    );
    expect(broken).toEqual([]);
  });

  test.each(documents)("%s names only scripts that exist", (path) => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [...read(path).matchAll(/npx pnpm@12 ([a-z][a-z:-]*)/g)].map(
      ([, name]) => name ?? "",
    );
    const known = [...Object.keys(scripts), "install", "exec"];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
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

describe("the README's tables", () => {
  /** What the first column of a section's tables names, in backquotes. */
  const named = (section: string): string[] => {
    const text =
      read("README.md")
        .split(/^## /m)
        .find((part) => part.startsWith(section)) ?? "";
    const cells = [...text.matchAll(/^\|([^|]*)\|/gm)].map(([, cell]) => cell ?? "");
    return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""));
  };

  test("name each environment variable of the client and of a deployment", () => {
    const declared = [...read("convex/convex.config.ts").matchAll(/^ +([A-Z_]+): v\./gm)].map(
      ([, name]) => name ?? "",
    );
    expect(named("Environment variables").toSorted()).toEqual(
      [...Object.values(ENVIRONMENT_VARIABLES), ...declared].toSorted(),
    );
  });

  test("of the proof has a row for each promise that the chaos run tries", () => {
    const section =
      read("README.md")
        .split(/^## /m)
        .find((part) => part.startsWith("Proof")) ?? "";
    const rows = [...section.matchAll(/^\| ([a-z][^|]*?) +\|/gm)].map(([, cell]) => cell ?? "");
    const tried = readdirSync(resolve(root, "tests/chaos"))
      .flatMap((file) => [...read(`tests/chaos/${file}`).matchAll(/promise(?::| =) "([^"]+)"/g)])
      .map(([, promise]) => promise ?? "");
    expect(rows.filter((row) => row !== "promise").toSorted()).toEqual(tried.toSorted());
  });

  test("name each library that a package needs at run time", () => {
    const manifests = ["package.json", ...manifestsOf("packages"), ...manifestsOf("apps")];
    const needed = manifests.flatMap((path) =>
      Object.keys((JSON.parse(read(path)) as { dependencies?: object }).dependencies ?? {}),
    );
    const libraries = new Set(needed.filter((name) => !name.startsWith("@klipstream/")));
    expect(named("Built on").toSorted()).toEqual([...libraries].toSorted());
  });
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
