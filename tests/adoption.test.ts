/** The walk of docs/adopting.md: from a table that was there before to the strict schema, and back. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { DEFAULT_ADOPTION_MAPPING, mapStatus } from "@klipstream/contract";
import { type LocalDeployment, startLocalDeployment } from "@klipstream/local-deployment";
import { afterEach, describe, expect, it } from "vitest";

import { DeployFolder } from "./adoption/oldBackend.ts";
import { OldWriters } from "./adoption/oldWriters.ts";
import { callAsOperator } from "./testedDeployment.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENTS = 5000;
const OLD_STATUSES = ["queued", "Downloading", "Processing audio", "completed", "Ready for retry"];

type OldDocument = Record<string, unknown> & { twitchId: string; status: string };

let deployment: LocalDeployment;
let folder: DeployFolder;

afterEach(async () => {
  await deployment.close();
  await folder.dispose();
});

describe("a table of 5,000 documents with words of their own", () => {
  it("is adopted while old pipelines write, through kills and stops, and nothing is lost", async () => {
    const documents = await startOldDeployment(DOCUMENTS);
    const writers = new OldWriters(deployment.url, documents);
    writers.start();

    const first = await klipstream("adopt", "--check");
    expect(first.stdout).toContain(`documents          ${DOCUMENTS}`);
    expect(first.stdout).toContain("? choose one in the mapping file");
    expect(first.exitCode).toBe(1);
    await folder.write("convex/adoption.mapping.json", mappingWith({ banana: "Failed" }));
    expect(await klipstream("adopt", "--check")).toMatchObject({ exitCode: 0 });

    await deployPhase("migrating");
    writers.expectOneOfTheEight();
    await killed("adopt", "--yes");
    await klipstream("adopt", "--stop");
    expect(await klipstream("adopt", "--yes")).toMatchObject({ exitCode: 0 });
    const done = await klipstream("adopt", "--check");
    expect(done.stdout).toContain(`fit already        ${DOCUMENTS}`);

    await deployPhase("adopted");
    const last = await writers.stop();
    expect(writers.refused).toEqual([]);
    expect(writers.invalidReads).toEqual([]);
    expect(writers.writes).toBeGreaterThan(100);
    const videos = await readTable();
    expect(videos.map(toOldWords)).toEqual(documents.map((document) => expectedOf(document, last)));

    const [{ twitchId }] = documents as [OldDocument];
    expect(await writers.read(twitchId)).toHaveProperty("team");
    await klipstream("adopt", "--drop-legacy", "--yes");
    expect(await writers.read(twitchId)).not.toHaveProperty("team");
    await deployPhase("off");
    expect(await writers.read(twitchId)).toHaveProperty("status");
  }, 240_000);
});

describe("an adoption", () => {
  it("takes old writers' names of URLs, but not two URLs for one field", async () => {
    const [{ twitchId }] = (await startOldDeployment(1)) as [OldDocument];
    await folder.write("convex/adoption.mapping.json", mappingWith({}));
    await deployPhase("migrating");
    const update = async (urls: unknown) => {
      const response = await fetch(`${deployment.url}/api/mutation`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          path: "video:updateUrls",
          args: { twitchId, urls },
          format: "json",
        }),
      });
      return (await response.json()) as unknown;
    };
    const url = "https://files.example/chat.csv";
    expect(await update({ chat_url: url })).toMatchObject({ status: "success" });
    expect(await readTable()).toMatchObject([{ chatUrl: url }]);
    const refused = (message: string) => ({
      errorData: { code: "INVALID_ARGUMENT", message: expect.stringContaining(message) as string },
    });
    const twice = await update({ chatUrl: url, chat_url: `${url}.gz` });
    expect(twice).toMatchObject(refused("is not the same URL as"));
    expect(await update({ chat_url: url, audio_url: url })).toMatchObject(refused("audio_url"));
    expect(await update(null)).toMatchObject(refused("urls"));
    expect(await readTable()).toMatchObject([{ chatUrl: url }]);
  }, 120_000);

  it("leaves what it cannot adopt, keeps duplicates in the history, and can be undone", async () => {
    const documents = await startOldDeployment(150);
    const [changed, ...others] = documents as [OldDocument, ...OldDocument[]];
    const older = { twitchId: "7", status: "failed", note: "first try" };
    const newer = { twitchId: "7", status: "completed", note: "second try" };
    const stray = { twitchId: "soon", status: "queued" };
    await seed([older, newer, stray]);
    await folder.write("convex/adoption.mapping.json", mappingWith({}));
    await deployPhase("migrating");

    const walk = await klipstream("adopt", "--yes");
    expect(walk.exitCode).toBe(1);
    expect(walk.stderr).toContain('twitchId: "soon" is no Twitch ID');
    const videos = await readTable();
    expect(videos.slice(-2)).toMatchObject([{ twitchId: "7", status: "Completed" }, stray]);
    const events = await readTable("videoEvents");
    const kept = events.map(({ adoptedFrom }) => adoptedFrom as OldDocument);
    expect(kept.filter(({ twitchId }) => twitchId === "7")).toMatchObject([newer, older]);

    await folder.writeBackend("adopted");
    const strict = await folder.deploy(deployment);
    expect(strict.exitCode).not.toBe(0);
    expect(strict.stderr).toContain('table "videos" does not match the schema');

    await new OldWriters(deployment.url, documents).writeStatus(changed.twitchId, "Analyzing");
    expect(await klipstream("adopt", "--undo", "--yes")).toMatchObject({ exitCode: 0 });
    await folder.writeOldBackend();
    expect(await folder.deploy(deployment)).toMatchObject({ exitCode: 0 });
    const restored = (await readTable()).map(withoutSystemFields);
    const expected = [{ ...changed, status: "Analyzing" }, ...others, newer, stray, older];
    expect(restored).toEqual(expected);
  }, 120_000);
});

async function startOldDeployment(count: number): Promise<OldDocument[]> {
  deployment = await startLocalDeployment({ env: ENVIRONMENT });
  folder = await DeployFolder.create();
  await folder.writeOldBackend();
  const { exitCode, stderr } = await folder.deploy(deployment);
  expect(exitCode, stderr).toBe(0);
  const documents = Array.from({ length: count }, (_, index) => oldDocument(index));
  for (let from = 0; from < count; from += 1000) await seed(documents.slice(from, from + 1000));
  return documents;
}

const ENVIRONMENT = {
  KLIPSTREAM_JWT_ISSUER: "https://adoption.invalid",
  KLIPSTREAM_JWT_JWKS: "data:,{}",
  KLIPSTREAM_JWT_PRIVATE_KEY: "none",
  ALLOW_ANONYMOUS_PIPELINES: "true",
};

function oldDocument(index: number): OldDocument {
  const twitchId = String(3_000_000_000 + index);
  const url = `https://files.example/${twitchId}`;
  return {
    twitchId,
    status: index % 1000 === 999 ? "banana" : (OLD_STATUSES[index % OLD_STATUSES.length] ?? ""),
    ...(index % 2 === 0 && { title: `VOD ${index}` }),
    ...(index % 3 === 0 && { transcript_url: `${url}/transcript.csv` }),
    ...(index % 4 === 0 && { chatUrl: `${url}/chat.csv` }),
    team: `team-${index % 7}`,
    parts: [index, { nested: true }],
  };
}

async function deployPhase(phase: "migrating" | "adopted" | "off"): Promise<void> {
  await folder.writeBackend(phase);
  const { exitCode, stderr } = await folder.deploy(deployment);
  expect(exitCode, stderr).toBe(0);
}

function mappingWith(statuses: Record<string, string>): string {
  const { statuses: known, urls } = DEFAULT_ADOPTION_MAPPING;
  return JSON.stringify({ statuses: { ...known, ...statuses }, urls });
}

/** What a document must have become, seen with the eyes of whoever wrote it. */
function expectedOf(document: OldDocument, last: ReadonlyMap<string, string>) {
  const { twitchId, title, chatUrl, transcript_url: transcriptUrl, team, parts } = document;
  const word = last.get(twitchId) ?? document.status;
  const status = word === "banana" ? "Failed" : mapStatus(word, DEFAULT_ADOPTION_MAPPING);
  return { twitchId, title, status, chatUrl, transcriptUrl, legacy: { team, parts } };
}

function toOldWords(video: Record<string, unknown>) {
  const { twitchId, title, status, chatUrl, transcriptUrl, legacy } = video;
  return { twitchId, title, status, chatUrl, transcriptUrl, legacy };
}

function withoutSystemFields({ _id, _creationTime, ...document }: Record<string, unknown>) {
  return document;
}

async function seed(documents: readonly unknown[]): Promise<void> {
  await callAsOperator(deployment, { kind: "function", path: "video:seed", args: { documents } });
}

async function readTable(table = "videos"): Promise<Record<string, unknown>[]> {
  const args = { table, order: "asc", paginationOpts: { numItems: 10_000, cursor: null } };
  const { page } = await callAsOperator<{ page: Record<string, unknown>[] }>(deployment, {
    kind: "query",
    path: "_system/cli/tableData",
    args,
  });
  return page;
}

function startKlipstream(args: readonly string[]) {
  const main = join(PROJECT, "apps/cli/src/main.ts");
  return spawn(process.execPath, ["--import", "tsx", main, ...args], {
    cwd: folder.path,
    env: {
      ...process.env,
      NO_COLOR: "1",
      CONVEX_SELF_HOSTED_URL: deployment.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function klipstream(...args: string[]) {
  const child = startKlipstream(args);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const [exitCode] = (await once(child, "close")) as [number];
  return { exitCode, ...output };
}

/** Starts the command and kills it once it has said how far it is. */
async function killed(...args: string[]): Promise<void> {
  const child = startKlipstream(args);
  child.stderr.setEncoding("utf8");
  for await (const text of child.stderr) if (String(text).includes("changed")) break;
  child.kill("SIGKILL");
}
