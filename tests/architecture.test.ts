import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

import { ESLint } from "eslint";
import ts from "typescript";
import tseslint from "typescript-eslint";
import { describe, expect, test } from "vitest";

import { importRules } from "../eslint.imports.js";

const root = resolve(import.meta.dirname, "..");

const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: true,
  overrideConfig: [
    { files: ["**/*.{ts,tsx}"], languageOptions: { parser: tseslint.parser } },
    ...importRules,
  ],
});

/** What lint says of one import in a file that would stand at `path`. */
async function lintImport(path: string, statement: string): Promise<string[]> {
  const [result] = await eslint.lintText(statement, { filePath: resolve(root, path) });
  return (result?.messages ?? []).map(({ message }) => message);
}

describe("the import rule refuses", () => {
  test.each([
    ["packages/contract/src/statuses.ts", "@klipstream/client"],
    ["packages/contract/src/statuses.ts", "../../../convex/_generated/api"],
    ["packages/client/src/manager/convexManager.ts", "@klipstream/local-deployment"],
    ["packages/client/src/api/backend.ts", "../../../../convex/_generated/api"],
    ["packages/client/src/api/convexApiClient.ts", "../../../../convex/video"],
    ["packages/client/src/errors.ts", "./api/convexApiClient.ts"],
    ["packages/client/src/retry/delay.ts", "../api/convexApiClient.ts"],
    ["packages/client/src/api/convexApiClient.ts", "../manager/convexManager.ts"],
    ["packages/client/src/outbox/outbox.ts", "../api/convexApiClient.ts"],
    ["packages/client/src/outbox/outbox.ts", "@klipstream/local-deployment"],
    ["packages/client/src/integration/convexIntegration.ts", "../outbox/outbox.ts"],
    ["packages/client/src/manager/convexManager.ts", "../relay/knownVideos.ts"],
    ["packages/client/src/outbox/outbox.ts", "../manager/convexManager.ts"],
    ["packages/client/src/relay/knownVideos.ts", "../testing/virtualClock.ts"],
    ["packages/local-deployment/src/index.ts", "@klipstream/contract"],
    ["packages/local-deployment/src/index.ts", "@klipstream/client"],
    ["packages/local-deployment/src/requestError.ts", "./wire/values.ts"],
    ["packages/local-deployment/src/storage/blobs.ts", "../documents/files.ts"],
    ["packages/local-deployment/src/documents/documentStore.ts", "../engine/messages.ts"],
    ["packages/local-deployment/src/engine/engine.ts", "../wire/values.ts"],
    ["packages/local-deployment/src/wire/syncMessages.ts", "../push/pushFormats.ts"],
    ["packages/local-deployment/src/push/pushes.ts", "../snapshots/imports.ts"],
    ["packages/local-deployment/src/snapshots/imports.ts", "../deployment/deployment.ts"],
    ["packages/local-deployment/src/deployment/liveQuery.ts", "../authentication/jwt.ts"],
    ["packages/local-deployment/src/deployment/liveQuery.ts", "../transport/syncSession.ts"],
    ["packages/local-deployment/src/authentication/authenticator.ts", "../transport/context.ts"],
    ["packages/local-deployment/src/transport/httpApp.ts", "../startLocalDeployment.ts"],
    ["packages/local-deployment/src/startLocalDeployment.ts", "./cli/convexCli.ts"],
    ["packages/local-deployment/src/cli/codegen.ts", "../tests/temporaryProject.ts"],
    ["apps/pipeline/src/demo.ts", "@klipstream/cli"],
    ["apps/pipeline/src/demo.ts", "../../../convex/video"],
    ["apps/pipeline/src/demo.ts", "@klipstream/client/src/manager/convexManager"],
    ["apps/dashboard/src/App.tsx", "@klipstream/client"],
    ["apps/dashboard/src/App.tsx", "@klipstream/pipeline"],
    ["apps/dashboard/src/App.tsx", "../../../convex/_generated/api"],
    ["apps/dashboard/server/servePage.ts", "@klipstream/local-deployment"],
    ["apps/pipeline/src/demo.ts", "@klipstream/dashboard/server"],
    ["apps/cli/src/index.ts", "@klipstream/pipeline"],
    ["apps/cli/src/index.ts", "../../../packages/client/src/index"],
    ["apps/cli/src/videos/list.ts", "@klipstream/pipeline"],
    ["apps/cli/src/videos/list.ts", "../commandTree.ts"],
    ["apps/cli/src/videos/list.ts", "../outbox/openOutbox.ts"],
    ["apps/cli/src/outbox/openOutbox.ts", "../checks/doctor.ts"],
    ["apps/cli/src/deployment/adminClient.ts", "../credentials/operator.ts"],
    ["apps/cli/src/command/command.ts", "../commandTree.ts"],
    ["apps/cli/src/command/command.ts", "../deployment/adminClient.ts"],
    ["apps/cli/src/output/output.ts", "../command/command.ts"],
    ["convex/video.ts", "@klipstream/client"],
    ["convex/model/videos.ts", "@klipstream/client"],
    ["convex/model/videos.ts", "../functions"],
    ["convex/model/videos.ts", "../video"],
  ])("%s -> %s", async (path, target) => {
    expect(await lintImport(path, `import * as it from "${target}";`)).not.toEqual([]);
  });

  test("a raw builder outside convex/functions.ts", async () => {
    const statement = 'import { mutation } from "./_generated/server";';
    expect(await lintImport("convex/video.ts", statement)).not.toEqual([]);
    expect(await lintImport("convex/functions.ts", statement)).toEqual([]);
  });

  test("`api` inside convex/, where only internal functions are called", async () => {
    expect(
      await lintImport("convex/crons.ts", 'import { api } from "./_generated/api";'),
    ).not.toEqual([]);
  });
});

describe("the import rule allows", () => {
  test.each([
    ["packages/client/src/manager/convexManager.ts", "@klipstream/contract"],
    ["packages/client/src/manager/convexManager.ts", "../outbox/outbox.ts"],
    ["packages/client/src/integration/convexIntegration.ts", "../api/convexApiClient.ts"],
    ["packages/client/src/outbox/outbox.ts", "../errors.ts"],
    ["packages/local-deployment/src/documents/uploadedFile.ts", "../requestError.ts"],
    ["packages/local-deployment/src/transport/syncSession.ts", "../deployment/liveQueries.ts"],
    ["packages/local-deployment/src/cli/codegen.ts", "../startLocalDeployment.ts"],
    ["apps/dashboard/src/backend/api.ts", "../../../../convex/_generated/api"],
    ["apps/dashboard/src/App.tsx", "@klipstream/contract"],
    ["apps/pipeline/src/demo.ts", "@klipstream/client"],
    ["apps/pipeline/src/demo.ts", "@klipstream/client/keys"],
    ["apps/pipeline/src/demo.ts", "@klipstream/local-deployment"],
    ["apps/cli/src/videos/list.ts", "../deployment/connectBackend.ts"],
    ["apps/cli/src/checks/outbox.ts", "../outbox/openOutbox.ts"],
    ["convex/model/videos.ts", "@klipstream/contract"],
    ["convex/crons.ts", "./_generated/api"],
  ])("%s -> %s", async (path, target) => {
    expect(await lintImport(path, `import { it } from "${target}";`)).toEqual([]);
  });
});

type ImportGraph = Map<string, string[]>;

/** The sources under a folder, each with those of them that it imports, types included. What is generated imports everything. */
function readImports(folder: string): ImportGraph {
  const names = readdirSync(resolve(root, folder), { recursive: true, encoding: "utf8" });
  const sources = names.filter(
    (name) => /\.tsx?$/.test(name) && !/(^|\/)(node_modules|dist|_generated)\//.test(name),
  );
  const files = new Set(sources.map((name) => resolve(root, folder, name)));
  const find = (from: string, specifier: string) => {
    const path = resolve(dirname(from), specifier);
    return [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`].filter((it) => files.has(it));
  };
  const importsOf = (file: string) =>
    ts
      .preProcessFile(readFileSync(file, "utf8"))
      .importedFiles.map(({ fileName }) => fileName)
      .filter((specifier) => specifier.startsWith("."))
      .flatMap((specifier) => find(file, specifier));
  return new Map([...files].map((file) => [file, importsOf(file)]));
}

/** What is left once nothing can be taken away that imports none of the rest, or is imported by none of it. */
function filesInCircles(graph: ImportGraph): string[] {
  let left = new Map(graph);
  for (;;) {
    const imported = new Set([...left.values()].flat());
    const next = new Map(
      [...left].filter(
        ([file, imports]) => imported.has(file) && imports.some((target) => left.has(target)),
      ),
    );
    if (next.size === left.size) return [...left.keys()].map((file) => relative(root, file)).sort();
    left = next;
  }
}

describe("no file imports itself by way of others, types included", () => {
  test.each(["packages", "apps", "convex"])("in %s/", (folder) => {
    const graph = readImports(folder);
    expect(Math.max(...[...graph.values()].map((imports) => imports.length))).toBeGreaterThan(5);
    expect(filesInCircles(graph)).toEqual([]);
  });

  test("or it is found", () => {
    const graph: ImportGraph = new Map([
      [resolve(root, "above.ts"), [resolve(root, "one.ts")]],
      [resolve(root, "one.ts"), [resolve(root, "two.ts"), resolve(root, "below.ts")]],
      [resolve(root, "two.ts"), [resolve(root, "one.ts")]],
      [resolve(root, "below.ts"), []],
    ]);
    expect(filesInCircles(graph)).toEqual(["one.ts", "two.ts"]);
  });
});
