import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  createServiceAccountKey,
  exchangeKey,
  readServiceAccountKey,
} from "@klipstream/client/keys";
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
    expect(checks[6]?.detail).toMatch(/service-account key of operator, id [0-9a-f]{12}$/);
    expect(checks[7]?.detail).toMatch(/lets it write; the key has no end$/);
  });

  test("with a key that may only read, and warns of it", async () => {
    const key = await operator.createKey("reader", "videos:read");
    const { exitCode, checks } = await runDoctor({ CONVEX_API_KEY: key });
    expect(exitCode).toBe(0);
    expect(checks.find(({ check }) => check === "access")).toMatchObject({ result: "warning" });
  });

  test("with a key that ends, and says when", async () => {
    await operator.createKey("short");
    const args = ["key", "create", "short", "--expires", "90d"];
    const key = (await operator.run(args)).stdout.trim();
    const { checks } = await runDoctor({ CONVEX_API_KEY: key });
    const ends = new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);
    expect(checks.find(({ check }) => check === "access")).toMatchObject({
      result: "ok",
      detail: expect.stringContaining(`the key ends ${ends}`) as string,
    });
  });

  test.each([
    ["ahead", 600_000],
    ["behind", -600_000],
  ])("with a clock 10 minutes %s, and warns of it", async (direction, offsetMs) => {
    const { exitCode, checks } = await runDoctor({}, { now: () => Date.now() + offsetMs });
    expect(exitCode).toBe(0);
    expect(checks.filter(({ result }) => result !== "ok")).toMatchObject([
      {
        check: "clock",
        result: "warning",
        detail: expect.stringMatching(new RegExp(`clock is (9|10) min.* ${direction}`)) as string,
      },
    ]);
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
      remedy: /key create/,
    });
  });

  test("an expired token", async () => {
    const claims = { aud: "klipstream", iss: "https://x", sub: "raw", key: "k", exp: 1, iat: 0 };
    const parts = [{ alg: "RS256", kid: "k" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    expectOneCause(await runDoctor({ CONVEX_API_KEY: `${parts.join(".")}.c2ln` }), "token", {
      cause: /expired .* ago/,
      remedy: /key exchange/,
    });
  });

  test("no key", async () => {
    expectOneCause(await runDoctor({ CONVEX_API_KEY: "" }), "token", {
      cause: /CONVEX_API_KEY is not set/,
      remedy: /key create/,
    });
  });

  test("a key with a slip in it", async () => {
    const key = operator.environment["CONVEX_API_KEY"] ?? "";
    const slipped = key.slice(0, 30) + (key[30] === "0" ? "1" : "0") + key.slice(31);
    expectOneCause(await runDoctor({ CONVEX_API_KEY: slipped }), "token", {
      cause: /not whole/,
      remedy: /copy it again/,
    });
  });

  test("a key of another deployment", async () => {
    const foreign = createServiceAccountKey("operator");
    expectOneCause(await runDoctor({ CONVEX_API_KEY: foreign }), "access", {
      cause: /does not accept this key: .*another deployment/,
      remedy: /account show operator/,
    });
  });

  test("a revoked key", async () => {
    const key = await operator.createKey("leaky");
    const keyId = readServiceAccountKey(key)?.keyId ?? "";
    await operator.run(["key", "revoke", keyId, "--yes"]);
    expectOneCause(await runDoctor({ CONVEX_API_KEY: key }), "access", {
      cause: /was revoked/,
      remedy: /key create leaky/,
    });
  });

  test("a token of a revoked key", async () => {
    const key = await operator.createKey("leaky");
    const token = await exchangeKey(operator.deployment.url, key);
    await operator.run(["key", "revoke", readServiceAccountKey(key)?.keyId ?? "", "--yes"]);
    expectOneCause(await runDoctor({ CONVEX_API_KEY: token }), "access", {
      cause: /is withdrawn/,
      remedy: /key create/,
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
