/** The recipes of CONTRIBUTING.md, followed as they are written on a copy of the tree. */
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { PROJECT } from "./operatorShell.ts";

const RECIPES = ["Add a status", "Add an artifact URL", "Add a public function"] as const;
/** One of them builds the packages. */
const TIMEOUT = { timeout: 600_000 };

let folder: string;
beforeAll(async () => {
  folder = await copyTree();
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

/** The tree with its own packages; what comes from the registry is shared. */
async function copyTree(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "klipstream-recipes-"));
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listed, { cwd: PROJECT, encoding: "utf8" })
    .split("\n")
    .filter((file) => /\.(ts|tsx|json|js|css|yaml)$/.test(file) && existsSync(join(PROJECT, file)));
  for (const file of files) await cp(join(PROJECT, file), join(copy, file));
  const packages = files.filter((file) => /^(packages|apps)\/[^/]+\/package\.json$/.test(file));
  for (const path of packages) {
    const modules = join(dirname(path), "node_modules");
    // Its links are relative: those to packages of the tree lead to the copies.
    await cp(join(PROJECT, modules), join(copy, modules), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  const modules = join(copy, "node_modules");
  await mkdir(join(modules, "@klipstream"), { recursive: true });
  for (const name of await readdir(join(PROJECT, "node_modules")))
    if (name !== "@klipstream" && !name.startsWith(".vite"))
      await symlink(join(PROJECT, "node_modules", name), join(modules, name));
  for (const name of ["contract", "client"])
    await symlink(join(copy, "packages", name), join(modules, "@klipstream", name));
  return copy;
}

type Step = { kind: "change"; path: string; lines: string[] } | { kind: "run"; commands: string[] };

/** The blocks of a recipe, in their order, without the indentation of the list that they stand in. */
async function stepsOf(recipe: string): Promise<Step[]> {
  const document = await readFile(join(PROJECT, "CONTRIBUTING.md"), "utf8");
  const section = document.split(/^###? /m).find((part) => part.startsWith(`${recipe}\n`)) ?? "";
  const blocks = section.matchAll(/^( *)```(?:diff (\S+)|sh)\n([^]*?)^ *```$/gm);
  return [...blocks].map(([, indent = "", path, text = ""]): Step => {
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(indent.length));
    return path === undefined ? { kind: "run", commands: lines } : { kind: "change", path, lines };
  });
}

/** @throws where what the change begins from does not stand in the file, or stands there twice. */
function changed(text: string, lines: readonly string[]): string {
  const side = (skip: string) =>
    lines.flatMap((line) => (line.startsWith(skip) ? [] : [`${line.slice(1)}\n`])).join("");
  const parts = text.split(side("+"));
  if (parts.length === 2) return parts.join(side("-"));
  throw new Error(`found ${parts.length - 1} times: ${side("+")}`);
}

async function runIn(command: string): Promise<{ status: number | null; output: string }> {
  const { scripts } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  // pnpm would install first, through the links and into the tree itself; so would one that a script calls.
  const script = command.replace(
    /^npx pnpm@12 (\S+)$/,
    (_, name: string) => scripts[name] ?? "exit 99",
  );
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
    cwd: folder,
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${join(folder, "node_modules/.bin")}:${process.env.PATH ?? ""}`,
      pnpm_config_verify_deps_before_run: "false",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { status, output: stdout + stderr };
}

describe("a recipe, followed as it is written, ends with its own commands green", () => {
  test.each(RECIPES)("%s", TIMEOUT, async (recipe) => {
    const steps = await stepsOf(recipe);
    expect(steps.filter(({ kind }) => kind === "change").length).toBeGreaterThan(2);
    expect(steps.at(-1)?.kind).toBe("run");
    for (const step of steps) {
      if (step.kind === "change") {
        const file = join(folder, step.path);
        await writeFile(file, changed(await readFile(file, "utf8"), step.lines));
        continue;
      }
      for (const command of step.commands) {
        const { status, output } = await runIn(command);
        expect(status, `${command}\n${output}`).toBe(0);
      }
    }
  });

  test("a change that does not fit the tree any more is found", () => {
    expect(() => changed("a\nb\n", [" c", "+d"])).toThrow("found 0 times");
    expect(() => changed("a\na\n", [" a", "+d"])).toThrow("found 2 times");
    expect(changed("a\nb\n", [" a", "-b", "+c"])).toBe("a\nc\n");
  });

  test("a recipe that leaves a step out is found by its own commands", TIMEOUT, async () => {
    const path = join(folder, "convex/tests/surface.test.ts");
    const good = await readFile(path, "utf8");
    await writeFile(path, good.replace('  "video:titleOf",\n', ""));
    const { status, output } = await runIn("npx vitest run convex/tests/surface.test.ts");
    await writeFile(path, good);
    expect(status).toBe(1);
    expect(output).toContain("video:titleOf is public, but not in the contract");
  });
});
