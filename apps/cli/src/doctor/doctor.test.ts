import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startLocalDeployment } from "@klipstream/local-deployment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { deploy, type Operator, PROJECT, startOperator } from "../testing/operator.ts";
import type { Diagnosis } from "./diagnosis.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
});
afterAll(() => operator.close());

type Replaced = Parameters<Operator["run"]>[1];

async function runDoctor(environment: Record<string, string> = {}, replaced: Replaced = {}) {
  const { exitCode, stdout } = await operator.run(["doctor", "--json"], {
    environment: { ...operator.environment, ...environment },
    ...replaced,
  });
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Diagnosis[] };
  const failed = checks.filter(({ result }) => result === "failed");
  return { exitCode, ok, checks, failed };
}

/** Expects that one check failed, with the cause and the remedy, and that no other finding distracts from it. */
function expectOneCause(
  { exitCode, ok, checks, failed }: Awaited<ReturnType<typeof runDoctor>>,
  check: string,
  said: { cause: RegExp; remedy: RegExp },
): void {
  expect({ exitCode, ok }).toEqual({ exitCode: 1, ok: false });
  expect(failed).toEqual([
    {
      check,
      result: "failed",
      detail: expect.stringMatching(said.cause) as string,
      remedy: expect.stringMatching(said.remedy) as string,
    },
  ]);
  expect(checks.filter(({ result }) => result === "warning")).toEqual([]);
}

describe("doctor is content", () => {
  test("where every link holds, and says where each setting comes from", async () => {
    const { exitCode, checks } = await runDoctor();
    expect(checks.map(({ check, result }) => `${check}: ${result}`)).toEqual(
      [
        "configuration",
        "url",
        "reachable",
        "convex",
        "clock",
        "functions",
        "token",
        "access",
        "outbox",
      ].map((check) => `${check}: ok`),
    );
    expect(exitCode).toBe(0);
    expect(checks[0]?.detail).toContain("CONVEX_URL: environment");
    expect(checks[6]?.detail).toMatch(/service-account key of operator: .*generation 0, no expiry/);
  });

  test("with a key that may only read, and warns of it", async () => {
    const key = await operator.createKey("reader", "--scope", "videos:read");
    const { exitCode, checks } = await runDoctor({ CONVEX_API_KEY: key });
    expect(exitCode).toBe(0);
    expect(checks.find(({ check }) => check === "access")).toMatchObject({ result: "warning" });
  });

  test("in test mode, and warns of it", async () => {
    const { exitCode, checks } = await runDoctor({ CONVEX_TEST_MODE: "1" });
    expect(exitCode).toBe(0);
    expect(checks[0]).toMatchObject({ check: "configuration", result: "warning" });
  });

  test("and tells a person the same", async () => {
    const { stdout } = await operator.run(["doctor"]);
    expect(stdout).toMatch(/^ok +configuration/);
    expect(stdout).not.toContain(operator.environment["CONVEX_API_KEY"]);
  });
});

describe("doctor names the one cause:", () => {
  test("no URL", async () => {
    expectOneCause(await runDoctor({ CONVEX_URL: "" }), "url", {
      cause: /CONVEX_URL is not set/,
      remedy: /export CONVEX_URL=/,
    });
  });

  test("an unusable URL", async () => {
    expectOneCause(await runDoctor({ CONVEX_URL: "convex.cloud" }), "configuration", {
      cause: /CONVEX_URL: is not a URL/,
      remedy: /mend CONVEX_URL/,
    });
  });

  test("a wrong URL", async () => {
    expectOneCause(await runDoctor({ CONVEX_URL: "http://127.0.0.1:9" }), "reachable", {
      cause: /cannot be reached/,
      remedy: /check CONVEX_URL/,
    });
  });

  test("a server that is not Convex", async () => {
    const server = createServer((_request, response) => response.end("<html>It works!</html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const found = await runDoctor({ CONVEX_URL: `http://127.0.0.1:${port}` });
    server.close();
    expectOneCause(found, "convex", {
      cause: /is not a Convex deployment/,
      remedy: /\.convex\.cloud/,
    });
  });

  test("nothing deployed", async () => {
    await using blank = await startLocalDeployment();
    expectOneCause(await runDoctor({ CONVEX_URL: blank.url }), "functions", {
      cause: /nothing of this project is deployed/,
      remedy: /npx convex deploy/,
    });
  });

  test("an older deployment", async () => {
    const project = writeOlderProject();
    await using older = await startLocalDeployment();
    await deploy(older, project);
    const found = await runDoctor({ CONVEX_URL: older.url });
    rmSync(project, { recursive: true });
    expectOneCause(found, "functions", {
      cause: /an older version is deployed: .*video:recordUpdates/,
      remedy: /npx convex deploy/,
    });
  });

  test("a deploy key", async () => {
    expectOneCause(await runDoctor({ CONVEX_API_KEY: "prod:happy-animal-123|eyJ2" }), "token", {
      cause: /Convex deploy key/,
      remedy: /token create-key/,
    });
  });

  test("an expired token", async () => {
    const { stdout } = await operator.run(["token", "mint"], { now: () => Date.now() - 7_200_000 });
    expectOneCause(await runDoctor({ CONVEX_API_KEY: stdout.trim() }), "token", {
      cause: /expired 1 h 50 min ago/,
      remedy: /token mint/,
    });
  });

  test("no key", async () => {
    expectOneCause(await runDoctor({ CONVEX_API_KEY: "" }), "token", {
      cause: /CONVEX_API_KEY is not set/,
      remedy: /token create-key/,
    });
  });

  test("a key of a stranger", async () => {
    const folder = mkdtempSync(join(tmpdir(), "klipstream-stranger-"));
    await operator.run(["token", "init"], { folder });
    const { stdout } = await operator.run(["token", "create-key", "stranger"], { folder });
    rmSync(folder, { recursive: true });
    expectOneCause(await runDoctor({ CONVEX_API_KEY: stdout.trim() }), "access", {
      cause: /does not accept this token/,
      remedy: /KLIPSTREAM_JWT_JWKS/,
    });
  });

  test("a revoked key", async () => {
    const key = await operator.createKey("leaky");
    await operator.run(["token", "revoke", "leaky", "--yes"]);
    expectOneCause(await runDoctor({ CONVEX_API_KEY: key }), "access", {
      cause: /below generation 1 are revoked/,
      remedy: /token create-key/,
    });
  });

  test.each([
    ["ahead", 600_000],
    ["behind", -600_000],
  ])("a clock 10 minutes %s", async (direction, offsetMs) => {
    const now = () => Date.now() + offsetMs;
    expectOneCause(await runDoctor({}, { now }), "clock", {
      cause: new RegExp(`clock is (9|10) min.* ${direction}`),
      remedy: /set the clock/,
    });
  });

  test("a clock that is off, also with a ready token", async () => {
    const { stdout } = await operator.run(["token", "mint"]);
    const now = () => Date.now() + 3_600_000;
    expectOneCause(await runDoctor({ CONVEX_API_KEY: stdout.trim() }, { now }), "clock", {
      cause: /clock is .* ahead/,
      remedy: /set the clock/,
    });
  });

  test("a read-only outbox folder", async () => {
    const folder = readOnlyFolder();
    expectOneCause(await runDoctor({ CONVEX_OUTBOX_PATH: join(folder, "outbox.db") }), "outbox", {
      cause: /outbox/,
      remedy: /writable/,
    });
  });
});

/** The backend of the first version: the four seed functions. */
function writeOlderProject(): string {
  const project = mkdtempSync(join(tmpdir(), "klipstream-older-"));
  mkdirSync(join(project, "convex"));
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "older", dependencies: { convex: "1.48.0" } }),
  );
  writeFileSync(
    join(project, "convex", "video.ts"),
    `import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
     import { ConvexError } from "convex/values";
     const refuse = (code: string) => () => { throw new ConvexError({ code, message: code }); };
     export const getByTwitchIdPublic = query({ handler: refuse("INVALID_ARGUMENT") });
     export const updateStatus = mutation({ handler: refuse("UNAUTHENTICATED") });
     export const updateStatusByTwitchId = mutation({ handler: refuse("UNAUTHENTICATED") });
     export const updateUrls = mutation({ handler: refuse("UNAUTHENTICATED") });`,
  );
  return project;
}

/** A folder that this user cannot write to; for root, who may write almost anywhere, a place where nobody can. */
function readOnlyFolder(): string {
  if (process.getuid?.() === 0) return "/sys/klipstream";
  const folder = join(operator.folder, "read-only");
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  return folder;
}
