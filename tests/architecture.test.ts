import { resolve } from "node:path";

import { ESLint } from "eslint";
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
    ["packages/local-deployment/src/documents/documentStore.ts", "../engine/messages.ts"],
    ["packages/local-deployment/src/engine/engine.ts", "../wire/values.ts"],
    ["packages/local-deployment/src/subscriptions/liveQuery.ts", "../ws/syncSession.ts"],
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
    ["apps/dashboard/src/backend/api.ts", "../../../../convex/_generated/api"],
    ["apps/dashboard/src/App.tsx", "@klipstream/contract"],
    ["apps/pipeline/src/demo.ts", "@klipstream/client"],
    ["apps/pipeline/src/demo.ts", "@klipstream/client/keys"],
    ["apps/pipeline/src/demo.ts", "@klipstream/local-deployment"],
    ["convex/model/videos.ts", "@klipstream/contract"],
    ["convex/crons.ts", "./_generated/api"],
  ])("%s -> %s", async (path, target) => {
    expect(await lintImport(path, `import { it } from "${target}";`)).toEqual([]);
  });
});
