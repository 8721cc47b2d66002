/** docs/runbook.md: the commands of each section, run as they stand in the situation that they are for. */
import { startBackend } from "@klipstream/bench/startBackend";
import { issueServiceAccountKey, readServiceAccountKey } from "@klipstream/client/keys";
import type { LocalDeployment } from "@klipstream/local-deployment";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { openOperatorShell, type OperatorShell, shellBlocksOf } from "./operatorShell.ts";

const TWITCH_ID = "2434635255";
const TIMEOUT = { timeout: 240_000 };

let deployment: LocalDeployment;
let shell: OperatorShell;
let blocks: Map<string, string[]>;
/** Sections whose commands were run. */
const tried = new Set<string>();

beforeAll(async () => {
  const backend = await startBackend();
  deployment = backend.deployment;
  const scopes = ["videos:read", "videos:write"] as const;
  const apiKey = await issueServiceAccountKey(deployment, { account: "raw-pipeline", scopes });
  shell = await openOperatorShell(deployment, apiKey);
  blocks = await shellBlocksOf("docs/runbook.md");
  await expectDone(`klipstream create ${TWITCH_ID}`);
}, 120_000);
afterAll(async () => {
  await shell.close();
  await deployment.close();
});

/** Runs one block of a section. */
async function follow(section: string, place: number): Promise<string> {
  tried.add(`${section} ${place}`);
  return await expectDone(blocks.get(section)?.[place] ?? "exit 99");
}

async function expectDone(script: string): Promise<string> {
  const { exitCode, output } = await shell.run(script);
  expect(exitCode, output).toBe(0);
  return output;
}

/** The status changes of a video's history. */
const historyOf = (twitchId: string) => expectDone(`klipstream history ${twitchId}`);

test(
  "while the backend is down updates wait; when it is back they are delivered",
  TIMEOUT,
  async () => {
    await deployment.disconnect();
    const { exitCode } = await shell.run(`klipstream set-status ${TWITCH_ID} Downloading`);
    expect(exitCode).toBe(3);
    const output = await follow("The backend is down", 0);
    expect(output).toMatch(/^FAILED/m);
    expect(output).toContain("Downloading");
    await deployment.reconnect();
    expect(await follow("The backend is down", 1)).toMatch(/^ok: 16 steps/m);
    expect(await historyOf(TWITCH_ID)).toContain("Queued -> Downloading");
  },
);

test("an outbox that fills is looked into and emptied, dead letters too", TIMEOUT, async () => {
  await deployment.disconnect();
  await shell.run("klipstream set-status 404404 Downloading");
  await deployment.reconnect();
  await shell.run("klipstream outbox drain");
  expect(await follow("The outbox is full", 0)).toContain("VIDEO_NOT_FOUND");
  await expectDone("klipstream create 404404");
  await follow("The outbox is full", 1);
  expect(await readFile(join(shell.folder, "outbox-copy.jsonl"), "utf8")).toContain("404404");
  expect(await historyOf("404404")).toContain("Queued -> Downloading");
});

test("a stolen key opens nothing any more, and a new one does", TIMEOUT, async () => {
  const stolen = shell.env["CONVEX_API_KEY"] ?? "";
  const { keyId = "" } = readServiceAccountKey(stolen) ?? {};
  shell.env["KEY_ID"] = keyId;
  expect(await follow("A key is stolen", 0)).toContain(keyId);
  const { exitCode } = await shell.run(`klipstream set-status ${TWITCH_ID} Failed`);
  expect(exitCode).toBe(4);
  const fresh = await readFile(join(shell.folder, "raw-pipeline-new.key"), "utf8");
  shell.env["CONVEX_API_KEY"] = fresh.trim();
  expect(await follow("A key is stolen", 1)).toContain("raw-pipeline");
  await expectDone(`klipstream set-status ${TWITCH_ID} Transcribing`);
});

test("stuck videos are found, and set back", TIMEOUT, async () => {
  const silentBefore = Date.now() + 60_000;
  const batch = { status: "Transcribing", silentBefore, cursor: null };
  await expectDone(`npx convex run maintenance:markStalledBatch '${JSON.stringify(batch)}'`);
  expect(await follow("Videos are stuck", 0)).toContain(TWITCH_ID);
  expect(await follow("Videos are stuck", 1)).toMatch(new RegExp(`^.*${TWITCH_ID}.*Queued`, "m"));
});

test("after a bad deploy updates wait, and the good version takes them", TIMEOUT, async () => {
  const file = join(shell.folder, "convex/model/updates.ts");
  const good = await readFile(file, "utf8");
  const bad = good.replaceAll(
    /(export async function \w+\([^]*?\{\n)/g,
    '$1  if (ctx) throw new Error("broken");\n',
  );
  expect(bad).not.toBe(good);
  await writeFile(file, bad);
  await expectDone("npx convex deploy --typecheck disable");
  await shell.run(`klipstream set-status ${TWITCH_ID} Analyzing`);
  expect(await follow("A deploy was bad", 0)).toMatch(/^FAILED/m);
  await writeFile(file, good);
  expect(await follow("A deploy was bad", 1)).toMatch(/^ok: 16 steps/m);
  await follow("A deploy was bad", 2);
  expect(await historyOf(TWITCH_ID)).toContain("-> Analyzing");
});

test(
  "a dead machine's outbox is delivered from a copy, and nothing of it twice",
  TIMEOUT,
  async () => {
    const old = shell.env["CONVEX_OUTBOX_PATH"] ?? "";
    await deployment.disconnect();
    await shell.run(`klipstream set-status ${TWITCH_ID} "Finding highlights"`);
    await deployment.reconnect();
    shell.env["OLD_OUTBOX"] = old;
    expect(await follow("Restore the outbox of a machine", 0)).toMatch(/1/);
    const once = await historyOf(TWITCH_ID);
    expect(once.match(/-> Finding highlights/g)).toHaveLength(1);
    await expectDone("klipstream outbox drain");
    expect((await historyOf(TWITCH_ID)).match(/-> Finding highlights/g)).toHaveLength(1);
  },
);

test("no block of the runbook is left untried", () => {
  const all = [...blocks].flatMap(([section, own]) => own.map((_, place) => `${section} ${place}`));
  expect(all.filter((block) => !tried.has(block))).toEqual([]);
  expect(all.length).toBeGreaterThan(8);
});
