/** The pipeline's programs as an operator starts them: by hand, against a deployment, without the demo. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import {
  createSigningKey,
  issueServiceAccountKey,
  signingVariables,
} from "@klipstream/client/keys";
import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const PIPELINE = join(PROJECT, "apps/pipeline");
const VOD = join(PIPELINE, "vods/speedrun-final-boss");
const TWITCH_ID = "2412907385";
const ISSUER = "https://programs.klipstream.invalid";

let deployment: LocalDeployment;
let folder: string;
let apiKey: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-programs-"));
  deployment = await startLocalDeployment({
    env: {
      ...signingVariables(await createSigningKey(), ISSUER),
      ALLOW_ANONYMOUS_PIPELINES: "true",
    },
  });
  const { url, adminKey } = deployment;
  const args = ["deploy", "--typecheck", "disable", "--codegen", "disable"];
  const { exitCode, stderr } = await runConvexCli(args, { url, adminKey, cwd: PROJECT });
  expect(exitCode, stderr).toBe(0);
  apiKey = await issueServiceAccountKey(deployment, {
    account: "by-hand",
    scopes: ["videos:write"],
  });
}, 180_000);
afterAll(async () => {
  await deployment.close();
  await rm(folder, { recursive: true });
});

type Outcome = { exitCode: number; stdout: string; stderr: string };

function run(
  program: string,
  argument: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  const own = {
    CONVEX_URL: deployment.url,
    CONVEX_API_KEY: apiKey,
    CONVEX_OUTBOX_PATH: join(folder, "outbox.db"),
    LOG_LEVEL: "error",
    ARTIFACT_BASE_URL: "https://files.example.com",
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), join(PIPELINE, "src", `${program}.ts`), argument],
      { cwd: folder, env: { PATH: process.env.PATH, ...own, ...env } },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : Number(error.code ?? 128);
        resolve({ exitCode, stdout, stderr });
      },
    );
  });
}

async function call(kind: "query" | "mutation", path: string, args: unknown): Promise<unknown> {
  const response = await fetch(`${deployment.url}/api/${kind}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ path, args, format: "json" }),
  });
  return ((await response.json()) as { value: unknown }).value;
}

const readVideo = (): Promise<unknown> =>
  call("query", "video:getByTwitchIdPublic", { twitchId: TWITCH_ID });

describe("the pipeline's programs", () => {
  it("a video that the backend does not know is refused with one line, and exit code 2", async () => {
    const { exitCode, stderr, stdout } = await run("rawPipeline", VOD);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`the backend has no video ${TWITCH_ID}: create it first (video:create)\n`);
    expect(stdout).toBe("");
    expect(await readVideo()).toBeNull();
  });

  it("one after the other they take a video to Completed, and say so", async () => {
    await call("mutation", "video:create", { twitchId: TWITCH_ID });

    const raw = await run("rawPipeline", VOD);
    expect(raw, raw.stderr).toMatchObject({ exitCode: 0, stderr: "" });
    expect(raw.stdout).toMatch(/Fetching chat\n {2}Fetching chat: \w+\n {2}wrote chatUrl\n/);
    expect(await readVideo()).toMatchObject({ status: "Transcribing" });

    const analysis = await run("analysisPipeline", TWITCH_ID);
    expect(analysis, analysis.stderr).toMatchObject({ exitCode: 0, stderr: "" });
    expect(analysis.stdout).toMatch(/done\n$/);
    expect(await readVideo()).toMatchObject({
      status: "Completed",
      transcriptAnalysisUrl: `https://files.example.com/${TWITCH_ID}/analysis.json`,
    });
  });

  it("a stage that fails for good makes the video Failed, and the exit code 1", async () => {
    // A file where the artifact folder should be: nothing can be written.
    const { exitCode, stderr } = await run("rawPipeline", VOD, { ARTIFACT_DIR: "/dev/null" });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("ENOTDIR");
    expect(await readVideo()).toMatchObject({ status: "Failed" });
  });
});
