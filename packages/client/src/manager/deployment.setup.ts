import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

import {
  createServiceAccountKey,
  createSigningKey,
  jwksDataUri,
  type SigningKey,
} from "../auth/serviceAccountKey.ts";
import type { ManagerOptions } from "../config/options.ts";
import { ConvexIntegration } from "../integration/ConvexIntegration.ts";
import { ConvexManager } from "./ConvexManager.ts";
import type { ManagerAmbient } from "./LiveCore.ts";

const ISSUER = "https://keys.test.example";
const ROOT = join(import.meta.dirname, "../../../..");
const place = { env: {}, cwd: "/nonexistent" };
const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

type Parts = {
  deployment: LocalDeployment;
  signingKey: SigningKey;
  integration: ConvexIntegration;
  folder: string;
};

async function start(): Promise<Parts> {
  const signingKey = await createSigningKey();
  const deployment = await startLocalDeployment({
    env: {
      KLIPSTREAM_JWT_ISSUER: ISSUER,
      KLIPSTREAM_JWT_JWKS: jwksDataUri([signingKey.publicJwk]),
    },
  });
  const { url, adminKey } = deployment;
  // Other test files read the tree's generated code at the same time.
  const { exitCode, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url, adminKey, cwd: ROOT },
  );
  expect(stderr).not.toContain("✖");
  expect(exitCode).toBe(0);
  const apiKey = keyOf("tests", { signingKey, scope: "videos:read videos:write" });
  const integration = new ConvexIntegration({ url, apiKey, logger }, { place });
  const folder = mkdtempSync(join(tmpdir(), "klipstream-client-"));
  return { deployment, signingKey, integration, folder };
}

export function keyOf(subject: string, given: { signingKey: SigningKey; scope: string }): string {
  return createServiceAccountKey({ ...given, subject, generation: 1, issuer: ISSUER });
}

function connectTo(
  { deployment, signingKey }: Parts,
  options: ManagerOptions,
  ambient: ManagerAmbient,
): ConvexManager {
  const quick: ManagerOptions = {
    url: deployment.url,
    apiKey: keyOf("tests", { signingKey, scope: "videos:read videos:write" }),
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
