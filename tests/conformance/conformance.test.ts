/** The conformance run as its users start it, against a deployment that is another program's. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const TIMEOUT_MS = 420_000;

let folder: string;
let deployment: ChildProcess;
let url = "";
let adminKey: string;
let liar: Server | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-conformance-test-"));
  const program = join(PROJECT, "packages/local-deployment/bin/klipstream-local.js");
  deployment = spawn(process.execPath, [program, "--port", "0"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: deployment.stdout! })) {
    url = /^Local deployment +(\S+)/.exec(line)?.[1] ?? "";
    if (url !== "") break;
  }
  adminKey = (await readFile(join(folder, ".convex-local/admin-key"), "utf8")).trim();
});
afterAll(async () => {
  liar?.close();
  const ended = once(deployment, "exit");
  deployment.kill("SIGTERM");
  await ended;
  await rm(folder, { recursive: true });
});

async function run(...args: string[]) {
  const program = ["--import", "tsx", "tests/conformance/run.ts", ...args];
  const child = spawn(process.execPath, program, {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stdout, stderr };
}

/** A way to the deployment that says "success" where a caller without a token is refused. */
async function startLiar(target: string): Promise<string> {
  const forward = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "GET", headers } = request;
    const kept = ["authorization", "content-type", "convex-client", "content-encoding"];
    const answer = await fetch(target + (request.url ?? ""), {
      method,
      headers: kept.flatMap((name) => {
        const value = headers[name];
        return typeof value === "string" ? [[name, value] as [string, string]] : [];
      }),
      ...(method === "GET" ? {} : { body: new Uint8Array(await buffer(request)) }),
    });
    const text = await answer.text();
    const isRefusal = request.url === "/api/mutation" && text.includes("UNAUTHENTICATED");
    const lie = isRefusal ? '{"status":"success","value":null}' : text;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(lie);
  };
  const server = createServer((request, response) => {
    void forward(request, response).catch(() => response.destroy());
  });
  liar = server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a wrong key, or a name that no check has, is told at once", async () => {
  const wrongKey = await run("--url", url, "--admin-key", "wrong");
  expect(wrongKey.exitCode).not.toBe(0);
  expect(wrongKey.stderr).toContain("does not answer as a deployment does its operator");
  const unknown = await run("--url", url, "--admin-key", adminKey, "--only", "nothing");
  expect(unknown.exitCode).toBe(2);
  expect(unknown.stderr).toContain("no check is called nothing; choose from deploy, smoke");
});

test(
  "a deployment that lets anybody in fails, with a line that says where",
  { timeout: TIMEOUT_MS },
  async () => {
    const args = ["--url", await startLiar(url), "--admin-key", adminKey];
    const ended = await run(...args, "--only", "plain HTTP");
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/^\| plain HTTP \| FAILED \| \d+ of \d+ tests/m);
    expect(ended.stdout).toMatch(/without a token every write is refused.* \| FAILED \| Assert/);
    expect(ended.stdout).not.toContain("each of the eight statuses");
  },
);

test("a deployment that is in use is left alone", { timeout: TIMEOUT_MS }, async () => {
  const ended = await run("--url", url, "--admin-key", adminKey, "--only", "deploy");
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toMatch(/is in use: documents in .*videos.*; the variables KLIPSTREAM_JWT/);
});

test(
  "told to, the run empties a deployment of which it knows address and key alone; every check passes, and what is left out is named",
  { timeout: TIMEOUT_MS },
  async () => {
    const only = ["deploy", "smoke", "security", "demo"].flatMap((name) => ["--only", name]);
    const ended = await run("--url", url, "--admin-key", adminKey, "--erase", ...only);
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    expect(ended.stdout).toContain("| smoke | passed | 16 of 16 steps |");
    expect(ended.stdout).toMatch(/^\| security \| passed \| (\d+) of \1 tests \|$/m);
    expect(ended.stdout).toContain("| demo | passed | 3 of 3 VODs |");
    expect(ended.stdout).toMatch(/^\| chaos: a due schedule survives \| left out \| \w/m);
    expect(ended.stdout).not.toContain("FAILED");
  },
);
