/** docs/migrating-from-python.md, run as it is written. */
import { startBackend } from "@klipstream/bench/startBackend";
import { ConvexApiClient, ConvexIntegration, ConvexManager } from "@klipstream/client";
import type { LocalDeployment } from "@klipstream/local-deployment";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { DEFAULT_ADOPTION_MAPPING } from "@klipstream/contract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openOperatorShell, type OperatorShell, PROJECT, shellBlocksOf } from "./operatorShell.ts";

const DOCUMENT = "docs/migrating-from-python.md";
const TWITCH_ID = "2434635255";

let deployment: LocalDeployment;
let shell: OperatorShell;
let blocks: Map<string, string[]>;

beforeAll(async () => {
  const backend = await startBackend();
  deployment = backend.deployment;
  shell = await openOperatorShell(deployment, backend.apiKey);
  blocks = await shellBlocksOf(DOCUMENT);
  await shell.run(`klipstream create ${TWITCH_ID}`);
}, 120_000);
afterAll(async () => {
  await shell.close();
  await deployment.close();
});

const block = (heading: string): string => {
  const found = blocks.get(heading) ?? [];
  expect(found, heading).not.toEqual([]);
  return found.join("\n");
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test("through the relay the Python client's call is answered as Convex answers it", async () => {
  const port = await freePort();
  const script = block("Through the relay").replaceAll("4210", String(port));
  const ended = await shell.run(`trap 'kill %1 && wait %1' EXIT\n${script}`);
  expect(ended.exitCode, ended.output).toBe(0);
  expect(ended.output).toContain('"status":"success"');
  const { output } = await shell.run(`klipstream status ${TWITCH_ID}`);
  expect(output).toMatch(/^status +Downloading$/m);
});

test("through the relay old names and statuses are understood, and what has no meaning is refused", async () => {
  const [start = ""] = block("Through the relay").split("curl --silent");
  const script = start.replaceAll("4210", String(await freePort()));
  const url = "https://files.example/chat.csv";
  const call = (name: string, args: object) => {
    const body = JSON.stringify({ path: `video:${name}`, args: { twitchId: TWITCH_ID, ...args } });
    return `curl --silent "$CONVEX_URL/api/mutation" -H "Content-Type: application/json" -d '${body}'; echo`;
  };
  const calls = [
    call("updateStatusByTwitchId", { status: "fetching_chat" }),
    call("updateUrls", { urls: { chat_url: url } }),
    call("updateStatusByTwitchId", { status: "banana" }),
    call("updateUrls", { urls: { chat_url: url, audio_url: url } }),
    call("updateUrls", { urls: { chat_url: url, chatUrl: `${url}.gz` } }),
  ].join("\n");
  const ended = await shell.run(`trap 'kill %1 && wait %1' EXIT\n${script}\n${calls}`);
  expect(ended.exitCode, ended.output).toBe(0);
  const answers = ended.output.split("\n").filter((line) => line.startsWith("{"));
  expect(answers.map((line) => /"status":"(error|success)"/.exec(line)?.[1])).toEqual([
    "success",
    "success",
    "error",
    "error",
    "error",
  ]);
  const refusals = [/INVALID_ARGUMENT.*Finding highlights/, /INVALID_ARGUMENT.*audio_url/];
  for (const [index, refusal] of [...refusals, /INVALID_ARGUMENT.*not the same URL/].entries())
    expect(answers[index + 2]).toMatch(refusal);
  const { output } = await shell.run(`klipstream status ${TWITCH_ID}`);
  expect(output).toMatch(/^status +Fetching chat$/m);
  expect(output).toMatch(/^chatUrl +https:\/\/files\.example\/chat\.csv$/m);
});

test("with exec a stage is reported around its command, with its URL and its progress", async () => {
  const ended = await shell.run(block("With klipstream exec"));
  expect(ended.exitCode, ended.output).toBe(0);
  const { output } = await shell.run(`klipstream status ${TWITCH_ID}`);
  expect(output).toMatch(/^status +Transcribing$/m);
  expect(output).toMatch(/^transcriptUrl +https:\/\/files\.example\/2434635255\/transcript\.csv$/m);
  expect(output).toContain("half of the audio");
});

test("the program in TypeScript completes the video", async () => {
  const text = await readFile(join(PROJECT, DOCUMENT), "utf8");
  const [, program = ""] = /^```ts\n([^]*?)^```$/m.exec(text) ?? [];
  // Inside this package, so that it finds what it imports.
  const file = join(import.meta.dirname, `migrating-${process.pid}.snippet.ts`);
  await writeFile(file, program);
  try {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), file], {
      env: shell.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    await once(child, "close");
    expect(stdout).toBe("applied\n");
  } finally {
    await rm(file);
  }
  const { output } = await shell.run(`klipstream status ${TWITCH_ID}`);
  expect(output).toMatch(/^status +Completed$/m);
});

test("in test mode nothing is sent; the history shows who reported; an empty outbox drains", async () => {
  const ended = await shell.run(block("Both at the same time"));
  expect(ended.exitCode, ended.output).toBe(0);
  expect(ended.output).toMatch(/Transcribing -> Analyzing +bench/);
  expect(ended.output).not.toContain("Finding highlights");
  expect((await shell.run(block("Back"))).exitCode).toBe(0);
});

test("each method that its table names is there", async () => {
  const text = await readFile(join(PROJECT, DOCUMENT), "utf8");
  const [, table = ""] = text.split("## Call by call");
  const methods = [...table.matchAll(/^\|[^|]*\|([^|]*)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/manager\.(\w+)\(|`(\w+)`(?! of `ConvexManager)(?=[^|]* of `Convex)/g)].map(
      ([, called, named]) => called ?? named ?? "",
    ),
  );
  const known = [ConvexManager, ConvexIntegration, ConvexApiClient].map(
    ({ prototype }) => prototype as unknown as Record<string, unknown>,
  );
  expect(methods.length).toBeGreaterThan(9);
  expect(methods.filter((name) => !known.some((one) => typeof one[name] === "function"))).toEqual(
    [],
  );
});

test("its table of URL names is the backend's", async () => {
  const text = await readFile(join(PROJECT, DOCUMENT), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+_url)` +\| `(\w+)` +\|$/gm)].map(([, old, now]) => [
    old,
    now,
  ]);
  expect(Object.fromEntries(rows)).toEqual(DEFAULT_ADOPTION_MAPPING.urls);
});
