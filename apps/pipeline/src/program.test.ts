import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

const VOD = fileURLToPath(new URL("../vods/cooking-souffle/", import.meta.url));
const TWITCH_ID = "2398441206";
/** With it `refuseNetwork.setup.ts` ends a program. */
const NETWORK_EXIT_CODE = 99;
const TEST_MODE = { CONVEX_TEST_MODE: "1", ARTIFACT_BASE_URL: "https://files.example.com" };

/** The only folder that a program may write to: its working folder, home and temporary folder at once. */
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-program-"));
});
afterEach(() => rm(folder, { recursive: true }));

type Outcome = { exitCode: number; stdout: string; stderr: string };

/** Runs a program of the pipeline as a user would, with no network. */
function run(name: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const preload = [
    "--import",
    import.meta.resolve("tsx"),
    "--import",
    file("refuseNetwork.setup.ts"),
  ];
  const places = { HOME: folder, XDG_STATE_HOME: folder, TMPDIR: folder, TSX_DISABLE_CACHE: "1" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...preload, file(`${name}.ts`), ...args],
      { cwd: folder, env: { PATH: process.env.PATH, ...places, ...env } },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : Number(error.code ?? 128);
        resolve({ exitCode, stdout, stderr });
      },
    );
  });
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

describe("in test mode", () => {
  it("both parts run with no deployment: they log what they would do, send nothing, write artifacts only", async () => {
    const raw = await run("rawPipeline", [VOD], TEST_MODE);
    const analysis = await run("analysisPipeline", [TWITCH_ID], TEST_MODE);

    expect(raw, raw.stderr).toMatchObject({ exitCode: 0 });
    expect(analysis, analysis.stderr).toMatchObject({ exitCode: 0 });
    for (const status of ["Downloading", "Fetching chat", "Transcribing"])
      expect(raw.stdout).toContain(`${status}: simulated`);
    for (const status of ["Analyzing", "Finding highlights", "Completed"])
      expect(analysis.stdout).toContain(`${status}: simulated`);
    expect(raw.stderr).toContain('"event":"update.simulated"');
    expect(await filesIn(folder)).toEqual(
      ["analysis.json", "audiowave.json", "chat.csv", "transcript.csv", "words.csv"].map(
        (name) => `artifacts/${TWITCH_ID}/${name}`,
      ),
    );
  });

  it("the same program without test mode would have reached for the network", async () => {
    const { exitCode } = await run("rawPipeline", [VOD], {
      ...TEST_MODE,
      CONVEX_TEST_MODE: "0",
      CONVEX_URL: "http://127.0.0.1:59999",
    });
    expect(exitCode).toBe(NETWORK_EXIT_CODE);
  });
});

describe("bad input ends with one clear line and exit code 2", () => {
  it.each([
    {
      what: "no VOD folder",
      part: "rawPipeline",
      args: [],
      env: TEST_MODE,
      line: /^usage: rawPipeline/,
    },
    {
      what: "a folder that is not there",
      part: "rawPipeline",
      args: ["nowhere"],
      env: TEST_MODE,
      line: /^nowhere is not a folder$/,
    },
    {
      what: "no address for artifacts",
      part: "rawPipeline",
      args: [VOD],
      env: { CONVEX_TEST_MODE: "1" },
      line: /^ARTIFACT_BASE_URL is not set/,
    },
    {
      what: "no deployment",
      part: "rawPipeline",
      args: [VOD],
      env: { ...TEST_MODE, CONVEX_TEST_MODE: "0" },
      line: /CONVEX_URL/,
    },
    {
      what: "an ID that is none",
      part: "analysisPipeline",
      args: ["abc"],
      env: TEST_MODE,
      line: /^"abc" is not a Twitch ID$/,
    },
    {
      what: "a video whose raw part has not run",
      part: "analysisPipeline",
      args: ["123"],
      env: TEST_MODE,
      line: /^audiowave\.json of video 123 is missing: run the raw pipeline first$/,
    },
  ])("$what", async ({ part, args, env, line }) => {
    const { exitCode, stdout, stderr } = await run(part, args, env);
    expect(exitCode, stderr).toBe(2);
    expect(stderr.trim()).toMatch(line);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(await filesIn(folder)).toEqual([]);
  });
});
