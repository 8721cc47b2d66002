import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

import { type PackedPackage, ROOT } from "./packPackages.ts";

const run = promisify(execFile);
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const INSTALL_TIMEOUT_MS = 120_000;

const STRICT = {
  target: "ES2023",
  lib: ["ES2023"],
  types: ["node"],
  rootDir: ".",
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  verbatimModuleSyntax: true,
};

const MODULES = {
  NodeNext: { module: "NodeNext", moduleResolution: "NodeNext", outDir: "out" },
  Bundler: { module: "ESNext", moduleResolution: "Bundler", noEmit: true },
};

export type Resolution = keyof typeof MODULES;

/** Whether `npm install` can get anything. */
export async function isRegistryReachable(): Promise<boolean> {
  const args = ["view", "convex", "version", "--fetch-retries=0"];
  return await run("npm", args, { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
}

/** A project outside the workspace that has installed the tarballs with npm, and nothing else but a compiler's needs. */
export async function createConsumer(folder: string, packed: readonly PackedPackage[]) {
  mkdirSync(folder);
  write(folder, "package.json", JSON.stringify({ private: true, type: "module" }));
  await npm(folder, ["install", ...packed.map(({ tarball }) => tarball), "@types/node@20"]);
  return folder;
}

async function npm(cwd: string, args: readonly string[]): Promise<void> {
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", [...args, ...quiet], { cwd, timeout: INSTALL_TIMEOUT_MS });
}

export function write(folder: string, name: string, content: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

/** What the compiler says of the programs in the project's `src/`; nothing where they compile. */
export async function compile(folder: string, resolution: Resolution): Promise<string> {
  const compilerOptions = { ...STRICT, ...MODULES[resolution] };
  const project = `tsconfig.${resolution}.json`;
  write(folder, project, JSON.stringify({ compilerOptions, include: ["src"] }));
  return await run(process.execPath, [TSC, "-p", project], { cwd: folder }).then(
    () => "",
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

/** The programs in a document's TypeScript blocks, each a module of its own; a block without an import goes on with the one before. */
export function programsIn(document: string): string[] {
  const programs: string[] = [];
  const text = readFileSync(join(ROOT, document), "utf8");
  for (const [, code = ""] of text.matchAll(/^```ts\n([\s\S]*?)^```/gm))
    if (code.includes("import ") || programs.length === 0) programs.push(code);
    else programs.push(`${programs.pop() ?? ""}\n${code}`);
  return programs.map((code) => `${code}\nexport {};\n`);
}

/**
 * Runs a program with nothing of this process's environment but where programs and their caches are.
 *
 * @returns What it printed.
 * @throws Error with what it printed where it does not exit with 0.
 */
export async function runCleanly(
  [command = "", ...args]: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<string> {
  const { PATH = "", HOME = "" } = process.env;
  const own = [dirname(process.execPath), PATH].join(delimiter);
  const options = { cwd, env: { PATH: own, HOME, ...env }, timeout: INSTALL_TIMEOUT_MS };
  return (await run(command, args, options)).stdout;
}

/** The program of a Node version (`node@22`), from the npm registry. */
export async function pathOf(node: string, cwd: string): Promise<string> {
  const print = ["node", "-p", "process.execPath"];
  return (await runCleanly(["npx", "--yes", "-p", node, ...print], { cwd })).trim();
}
