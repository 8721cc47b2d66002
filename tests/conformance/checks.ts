import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runChaos } from "../chaos/chaos.ts";
import { GIVEN_VARIABLES, type GivenDeployment, startTestedBackend } from "../testedDeployment.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const WITH_TSX = ["--import", import.meta.resolve("tsx")];
const VITEST = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));

/** One line of the table. */
export type Row = { check: string; result: "passed" | "FAILED" | "left out"; figure: string };

export type Check = {
  name: string;
  run: (given: GivenDeployment, onProgress: (line: string) => void) => Promise<Row[]>;
};

/** What is run against a deployment, in this order: the security suite compares whole tables, which are small at first. */
export const CHECKS: readonly Check[] = [
  { name: "deploy", run: deploy },
  { name: "smoke", run: smoke },
  { name: "security", run: (given) => runTestFile("security", "tests/security.test.ts", given) },
  {
    name: "plain HTTP",
    run: (given) => runTestFile("plain HTTP", "tests/plainHttp.test.ts", given),
  },
  { name: "demo", run: demo },
  { name: "chaos", run: chaos },
];

/** What only a local deployment can be asked. */
export const LEFT_OUT: readonly Row[] = [
  ["chaos: a killed backend loses nothing", "its process would have to be killed"],
  ["chaos: a mutation sent again runs once", "its process would have to be killed"],
  ["chaos: a due schedule survives", "its process would have to be killed"],
  ["chaos: a subscriber sees only what stays", "its process would have to be killed"],
  ["chaos: the pipeline is not held up", "tells of the client's machine, not of the deployment"],
  ["chaos: recovery", "a ratio to the raw client, which depends on the way to the deployment"],
  ["access by a workload's identity", "the deployment would have to reach a test's own issuer"],
].map(([check = "", why = ""]) => ({ check, result: "left out", figure: why }));

async function deploy(given: GivenDeployment): Promise<Row[]> {
  await startTestedBackend(given);
  return [{ check: "deploy", result: "passed", figure: "convex deploy, a key, and its exchange" }];
}

async function smoke(given: GivenDeployment): Promise<Row[]> {
  const { apiKey } = await startTestedBackend(given);
  const args = [...WITH_TSX, "apps/cli/src/main.ts", "smoke", "--json"];
  const ended = await runProgram(args, { CONVEX_URL: given.url, CONVEX_API_KEY: apiKey });
  type Step = { step: string; result: string; detail: string };
  const { steps } = JSON.parse(ended.stdout) as { steps: Step[] };
  const bad = steps.filter(({ result }) => result !== "ok");
  const figure = `${steps.length - bad.length} of ${steps.length} steps`;
  const rows: Row[] = [{ check: "smoke", result: bad.length > 0 ? "FAILED" : "passed", figure }];
  for (const { step, detail } of bad)
    rows.push({ check: `smoke: ${step}`, result: "FAILED", figure: detail });
  return rows;
}

/** A test file that takes a given deployment; each test that fails has a line of its own. */
async function runTestFile(name: string, file: string, given: GivenDeployment): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "klipstream-conformance-"));
  try {
    const outputFile = join(folder, "results.json");
    const args = [VITEST, "run", file, "--reporter=json", `--outputFile=${outputFile}`];
    const { stderr } = await runProgram(args, {
      [GIVEN_VARIABLES.url]: given.url,
      [GIVEN_VARIABLES.adminKey]: given.adminKey,
    });
    const text = await readFile(outputFile, "utf8").catch((cause: unknown) => {
      throw new Error(`vitest recorded nothing:\n${stderr}`, { cause });
    });
    return rowsOf(name, JSON.parse(text) as TestResults);
  } finally {
    await rm(folder, { recursive: true });
  }
}

type TestResults = {
  success: boolean;
  numTotalTests: number;
  numPassedTests: number;
  testResults: {
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
};

function rowsOf(name: string, results: TestResults): Row[] {
  const { success, numTotalTests, numPassedTests, testResults } = results;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "failed");
  const why = testResults.map(({ message }) => summary(message)).join(" ");
  const figure = `${numPassedTests} of ${numTotalTests} tests ${why}`.trim();
  return [
    { check: name, result: success ? "passed" : "FAILED", figure },
    ...failed.map(({ fullName, failureMessages }): Row => ({
      check: `${name}: ${fullName}`,
      result: "FAILED",
      figure: summary(failureMessages[0] ?? ""),
    })),
  ];
}

async function demo(given: GivenDeployment): Promise<Row[]> {
  const args = [...WITH_TSX, "apps/pipeline/src/demo.ts", "--deployment", given.url];
  const ended = await runProgram(args, { CONVEX_SELF_HOSTED_ADMIN_KEY: given.adminKey });
  const completed = [...ended.stdout.matchAll(/ Completed +5\/5 /g)].length;
  const isGood = ended.exitCode === 0;
  const rows: Row[] = [
    { check: "demo", result: isGood ? "passed" : "FAILED", figure: `${completed} of 3 VODs` },
  ];
  if (!isGood) rows.push({ check: "demo: why", result: "FAILED", figure: summary(ended.stderr) });
  return rows;
}

const SHORT_STORM = { kills: 12, updates: 200, relayKills: 10, seed: 1 };

async function chaos(given: GivenDeployment, onProgress: (line: string) => void): Promise<Row[]> {
  const findings = await runChaos({ ...SHORT_STORM, given, onProgress });
  return findings.map(({ promise, kept, figure }) => ({
    check: `chaos: ${promise}`,
    result: kept ? "passed" : "FAILED",
    figure,
  }));
}

type Ended = { exitCode: number | null; stdout: string; stderr: string };

/** Runs a program of this tree, with nothing of the environment that would lead it elsewhere. */
async function runProgram(
  args: readonly string[],
  variables: Record<string, string>,
): Promise<Ended> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: PROJECT,
    env: { PATH, HOME, NO_COLOR: "1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended: Ended = { exitCode: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.stderr += text));
  ended.exitCode = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return ended;
}

/** What an error says, without where in the code. */
function summary(text: string): string {
  return text.trim().split("\n").slice(0, 2).join(" ");
}
