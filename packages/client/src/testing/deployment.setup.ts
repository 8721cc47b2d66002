import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

import type { Scope } from "@klipstream/contract";

import { issueServiceAccountKey } from "../auth/issueKey.ts";
import { createSigningKey, signingVariables } from "../auth/signingKey.ts";
import type { ManagerOptions } from "../config/options.ts";
import { ConvexIntegration } from "../integration/ConvexIntegration.ts";
import { ConvexManager } from "../manager/ConvexManager.ts";
import type { ManagerAmbient } from "../manager/connectToBackend.ts";

const ISSUER = "https://keys.test.example";
const ROOT = join(import.meta.dirname, "../../../..");
const place = { env: {}, cwd: "/nonexistent" };
const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

type Parts = {
  deployment: LocalDeployment;
  apiKey: string;
  integration: ConvexIntegration;
  folder: string;
};

async function start(): Promise<Parts> {
  const deployment = await startLocalDeployment({
    env: signingVariables(await createSigningKey(), ISSUER),
  });
  const { url, adminKey } = deployment;
  // Other test files read the tree's generated code at the same time.
  const { exitCode, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url, adminKey, cwd: ROOT },
  );
  expect(stderr).not.toContain("✖");
  expect(exitCode).toBe(0);
  const apiKey = await issueServiceAccountKey(deployment, {
    account: "tests",
    scopes: ["videos:read", "videos:write"],
  });
  const integration = new ConvexIntegration({ url, apiKey, logger }, { place });
  const folder = mkdtempSync(join(tmpdir(), "klipstream-client-"));
  return { deployment, apiKey, integration, folder };
}

function connectTo(
  { deployment, apiKey }: Parts,
  options: ManagerOptions,
  ambient: ManagerAmbient,
): ConvexManager {
  const quick: ManagerOptions = {
    url: deployment.url,
    apiKey,
    logger,
    attemptTimeoutMs: 2000,
    retry: { baseDelayMs: 20, maxDelayMs: 100 },
    waitMs: 20_000,
  };
  return new ConvexManager({ ...quick, ...options }, { place, ...ambient });
}

/** A deployment with `convex/`, for the tests of one file, with managers that are closed after each test. */
export function useDeployment() {
  let parts: Parts | undefined;
  let count = 0;
  const open: ConvexManager[] = [];
  const get = (): Parts => {
    if (parts === undefined) throw new Error("the deployment starts before the first test");
    return parts;
  };
  beforeAll(async () => {
    parts = await start();
  });
  afterEach(async () => {
    get().deployment.faults.clear();
    for (const manager of open.splice(0)) await manager.close({ timeoutMs: 0 });
  });
  afterAll(async () => {
    await get().deployment.close();
    rmSync(get().folder, { recursive: true, force: true });
  });
  /** The outbox file of a machine; the test's own without a name. */
  const outboxPath = (machine = "own") => join(get().folder, `${count}-${machine}.db`);
  return {
    get,
    outboxPath,
    issueKey: (account: string, scopes: Scope[]): Promise<string> =>
      issueServiceAccountKey(get().deployment, { account, scopes }),
    createManager: (options: ManagerOptions = {}, ambient: ManagerAmbient = {}): ConvexManager => {
      const manager = connectTo(get(), { outboxPath: outboxPath(), ...options }, ambient);
      open.push(manager);
      return manager;
    },
    /** A new video, unknown to all other tests. */
    createVideo: async (): Promise<string> => {
      count += 1;
      const twitchId = String(1000 + count);
      await get().integration.createVideo(twitchId, { title: "A video" });
      return twitchId;
    },
    eventsOf: async (twitchId: string) => {
      const { page } = await get().integration.history(twitchId, { pageSize: 100 });
      return page.reverse();
    },
  };
}
