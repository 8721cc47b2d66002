import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";

import { type Manifest, ROOT } from "./packPackages.ts";

/** Where a package's report is, beside its README. */
export const REPORT_NAME = "api-report.txt";

/** What a test says of a report that is not what the package has. */
export const REPORT_IS_STALE =
  "the public surface has changed: run `npx pnpm@12 api:update`, and read what changed in the reports";

/**
 * The public surface of a package that has been built: of a library what each entry exports and every declaration behind
 * it, sorted; of a program its commands and options. Comments are left out, so that only what callers rely on shows.
 *
 * @param source - The package's folder in this tree.
 */
export function reportOn(source: string): string {
  const folder = join(ROOT, source);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const surface =
    manifest.bin === undefined
      ? describeLibrary(join(folder, "dist"))
      : describeProgram(join(folder, "src/main.ts"));
  return `${manifest.name}: its public surface, written by \`npx pnpm@12 api:update\`.\n\n${surface}`;
}

function describeProgram(path: string): string {
  const args = ["--import", "tsx", path, "completion", "fish"];
  const script = execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  const commands = script.split("\n").filter((line) => line.startsWith("complete "));
  return commands.toSorted().join("\n") + "\n";
}

function describeLibrary(dist: string): string {
  const exported: string[] = [];
  const declared: string[] = [];
  const printer = ts.createPrinter({ removeComments: true });
  for (const name of readdirSync(dist).filter((file) => file.endsWith(".d.ts"))) {
    const text = readFileSync(join(dist, name), "utf8");
    const file = inOrder(ts.createSourceFile(name, text, ts.ScriptTarget.Latest));
    // A chunk, which no entry of the manifest names, has a hash in its name.
    const isEntry = !/-[\w-]{8}\.d\.ts$/.test(name);
    for (const statement of file.statements) {
      const printed = printer.printNode(ts.EmitHint.Unspecified, statement, file);
      if (!ts.isExportDeclaration(statement) && !ts.isImportDeclaration(statement))
        declared.push(printed);
      else if (isEntry && ts.isExportDeclaration(statement))
        exported.push(printed.replace(/^export/, name).replaceAll(/(?<=[{,]) /g, "\n  "));
    }
  }
  return [...exported.toSorted(), ...declared.toSorted()].join("\n\n") + "\n";
}

/** With the members of each type in alphabetical order: the compiler's own order differs from build to build. */
function inOrder(file: ts.SourceFile): ts.SourceFile {
  const printer = ts.createPrinter({ removeComments: true });
  const sorted = <T extends ts.Node>(nodes: ts.NodeArray<T>): ts.NodeArray<T> => {
    const printed = nodes.map((node) => ({
      node,
      text: printer.printNode(ts.EmitHint.Unspecified, node, file),
    }));
    printed.sort((a, b) => (a.text < b.text ? -1 : 1));
    return ts.factory.createNodeArray(printed.map(({ node }) => node));
  };
  const transformer: ts.TransformerFactory<ts.SourceFile> = (context) => (root) => {
    const visit = (node: ts.Node): ts.Node => {
      const visited = ts.visitEachChild(node, visit, context);
      if (ts.isTypeLiteralNode(visited))
        return ts.factory.updateTypeLiteralNode(visited, sorted(visited.members));
      if (ts.isUnionTypeNode(visited))
        return ts.factory.updateUnionTypeNode(visited, sorted(visited.types));
      return visited;
    };
    return ts.visitEachChild(root, visit, context);
  };
  return ts.transform(file, [transformer]).transformed[0] ?? file;
}
