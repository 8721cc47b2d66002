/** Callers in other languages, through the relay. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { ISSUER } from "@klipstream/bench/startBackend";
import {
  createSigningKey,
  exchangeKey,
  issueServiceAccountKey,
  signingVariables,
} from "@klipstream/client/keys";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { KilledBackend } from "../chaos/KilledBackend.ts";
import {
  call,
  type Event,
  PROJECT,
  type Relay,
  type RelayStage,
  startRelayStage,
} from "./stage.ts";

const isThere = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const HAS_REQUESTS = isThere("python3", "-c", "import requests");
const EXAMPLES = join(PROJECT, "examples");

/** How each example is started, and whether this machine can. */
const examples = [
  { name: "Python", canRun: HAS_REQUESTS, command: ["python3", `${EXAMPLES}/python/pipeline.py`] },
  {
    name: "Bash",
    canRun: isThere("bash", "--version") && isThere("curl", "--version"),
    command: ["bash", `${EXAMPLES}/bash/pipeline.sh`],
  },
  {
    name: "Go",
    canRun: isThere("go", "version"),
    command: ["go", "run", `${EXAMPLES}/go/main.go`],
  },
  {
    name: "TypeScript",
    canRun: true,
    command: [
      process.execPath,
      "--import",
      import.meta.resolve("tsx"),
      `${EXAMPLES}/typescript/pipeline.ts`,
    ],
  },
] as const;

let stage: RelayStage;
let relay: Relay;

beforeAll(async () => {
  stage = await startRelayStage();
  relay = await stage.startRelay(["--wait", "1s"]);
}, 180_000);
afterAll(() => stage.close());

const statuses = async (twitchId: string) =>
  (await stage.history(twitchId)).flatMap(({ to }) => to ?? []);

/** The caller in Python, which sets statuses when it is told to. */
function startCaller(twitchId: string, { url } = relay) {
  const child = spawn("python3", [join(import.meta.dirname, "caller.py"), twitchId], {
    env: { ...process.env, CONVEX_URL: url, NO_PROXY: "127.0.0.1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async set(toSet: readonly string[]) {
      child.stdin.write(`${toSet.join(",")}\n`);
      expect((await lines.next()).value).toBe("done");
    },
    async end() {
      child.stdin.end();
      expect(await once(child, "close")).toEqual([0, null]);
    },
  };
}

describe.skipIf(!HAS_REQUESTS)("a caller in Python that knows two routes", () => {
  it("sees success at each call, whatever the backend does, which then has each update once and in order", async () => {
    const { twitchId } = await stage.createVideo();
    const caller = startCaller(twitchId);
    const { deployment } = stage;
    const set: string[] = [];
    const report = async (...toSet: string[]) => {
      set.push(...toSet);
      await caller.set(toSet);
    };
    await report("Downloading", "Fetching chat", "Transcribing");
    deployment.faults.set([{ hang: true }]);
    await report("Analyzing", "Finding highlights", "Transcribing");
    deployment.faults.clear();
    await deployment.disconnect();
    await report("Analyzing", "Finding highlights");
    await deployment.reconnect();
    await report("Completed");
    await caller.end();
    await expect
      .poll(() => statuses(twitchId), { timeout: 40_000, interval: 200 })
      .toEqual(["Queued", ...set]);
  });

  it("sees success at each call while the backend's process is killed and started again", async () => {
    const backend = await startBackendProcess();
    const { twitchId } = backend;
    const restarted = await stage.startRelay(["--wait", "1s"], backend.environment);
    const caller = startCaller(twitchId, restarted);
    await caller.set(["Downloading", "Fetching chat"]);
    await backend.process.kill();
    await caller.set(["Transcribing", "Analyzing"]);
    await backend.process.start();
    await caller.set(["Finding highlights"]);
    await backend.process.kill();
    await caller.set(["Completed"]);
    await caller.end();
    await backend.process.start();
    const order = ["Queued", "Downloading", "Fetching chat", "Transcribing", "Analyzing"];
    await expect
      .poll(backend.statuses, { timeout: 40_000, interval: 200 })
      .toEqual([...order, "Finding highlights", "Completed"]);
    expect(await restarted.stop()).toBe(0);
  }, 120_000);
});

/** A backend that is a process of its own, with a video; and what a relay needs to reach it. */
async function startBackendProcess() {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-restarted-"));
  const env = signingVariables(await createSigningKey(), ISSUER);
  const process = await KilledBackend.create(folder, { project: PROJECT, env });
  onTestFinished(async () => {
    await process.kill();
    rmSync(folder, { recursive: true });
  });
  const scopes = ["videos:read", "videos:write"] as const;
  const apiKey = await issueServiceAccountKey(process, { account: "relay", scopes });
  const headers = { authorization: `Bearer ${await exchangeKey(process.url, apiKey)}` };
  const twitchId = "1";
  const ask = (kind: "query" | "mutation", path: string, args: object) =>
    call(process.url, { kind, path: `video:${path}`, args: { twitchId, ...args }, headers });
  await ask("mutation", "create", {});
  return {
    process,
    twitchId,
    environment: {
      CONVEX_URL: process.url,
      CONVEX_API_KEY: apiKey,
      CONVEX_OUTBOX_PATH: join(folder, "outbox.db"),
    },
    statuses: async () => {
      const paginationOpts = { numItems: 100, cursor: null };
      const { value } = await ask("query", "history", { paginationOpts });
      return (value as { page: Event[] }).page.toReversed().flatMap(({ to }) => to ?? []);
    },
  };
}

describe("the example in", () => {
  // One that was skipped says so in the report, in one line.
  for (const { name, canRun, command } of examples)
    it.skipIf(!canRun)(`${name} takes a video to Completed`, async () => {
      const { twitchId } = await stage.createVideo();
      const [program, ...args] = command;
      const env = { ...process.env, CONVEX_URL: relay.url, NO_PROXY: "127.0.0.1" };
      const { stdout } = await promisify(execFile)(program, [...args, twitchId], { env });
      expect(stdout).toBe(`${twitchId}: Completed\n`);
      expect(await statuses(twitchId)).toEqual([
        "Queued",
        "Downloading",
        "Fetching chat",
        "Transcribing",
        "Completed",
      ]);
    });
});
