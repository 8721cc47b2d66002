import { connect as connectTcp } from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

let run: ProjectRun;
beforeAll(async () => {
  const limits = { transactionMs: 1000, actionMs: 3000 };
  run = await ProjectRun.deployed(NOTES_PROJECT, { limits });
});
afterAll(() => run[Symbol.asyncDispose]());

async function isServed(): Promise<void> {
  const owner = "served";
  const { body } = await run.post("/api/mutation", { path: "notes:add", args: { owner, rank: 1 } });
  expect(body).toMatchObject({ status: "success" });
}

function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(`${run.url.replace("http", "ws")}/api/sync`);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

describe("a function that does not come to an end", () => {
  it.each([
    ["a mutation that loops", "/api/mutation", "notes:loop"],
    ["a query that never settles", "/api/query", "notes:never"],
    ["an action that never settles", "/api/action", "notes:actionNever"],
    ["an action that loops", "/api/action", "notes:actionLoop"],
  ])("%s is answered with an error, and the next request is served", async (_name, path, fn) => {
    const { body } = await run.post(path, { path: fn, args: {} });
    expect(JSON.stringify(body)).toMatch(/timed out|was interrupted/);
    await isServed();
  });

  it("takes nothing with it: what was committed stays, what waited runs once, and it leaves no trace", async () => {
    const add = (owner: string) =>
      run.post("/api/mutation", { path: "notes:add", args: { owner, rank: 1 } });
    await add("before");
    const [looped, ...waited] = await Promise.all([
      run.post("/api/mutation", { path: "notes:loop", args: {} }),
      ...Array.from({ length: 5 }, () => add("waited")),
    ]);
    expect(looped.body).toMatchObject({ status: "error" });
    for (const { body } of waited) expect(body).toMatchObject({ status: "success" });
    const ranks = async (owner: string) =>
      (await run.post("/api/query", { path: "notes:ranks", args: { owner } })).body;
    expect(await ranks("before")).toMatchObject({ value: [1] });
    expect(await ranks("waited")).toMatchObject({ value: [1, 1, 1, 1, 1] });
    expect(await ranks("loop")).toMatchObject({ value: [] });
  });

  it("fails its subscription, and other subscriptions go on", async () => {
    const socket = await openSocket();
    const seen: string[] = [];
    const isTold = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer) => {
        seen.push(data.toString());
        if (seen.join().includes("QueryFailed") && seen.join().includes("QueryUpdated")) resolve();
      });
    });
    const add = (queryId: number, udfPath: string, args: object) => ({
      type: "Add",
      queryId,
      udfPath,
      args: [args],
    });
    send(socket, CONNECT, {
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      modifications: [add(0, "notes:never", {}), add(1, "notes:ranks", { owner: "other" })],
    });
    await isTold;
    expect(seen.join()).toContain("Function execution timed out (maximum duration: 1s)");
    socket.close();
  });
});

const CONNECT = { type: "Connect", sessionId: "s", connectionCount: 0, lastCloseReason: null };

function send(socket: WebSocket, ...messages: unknown[]): void {
  for (const message of messages) socket.send(JSON.stringify(message));
}

describe("a client that misbehaves", () => {
  it.each([
    ["text that is not JSON", ["{"]],
    ["a message of no known type", [JSON.stringify({ type: "Surprise" })]],
    [
      "a query set before it has said who it is",
      [
        JSON.stringify({
          type: "ModifyQuerySet",
          baseVersion: 0,
          newVersion: 1,
          modifications: [],
        }),
      ],
    ],
    [
      "a query set on a version that it does not have",
      [
        JSON.stringify(CONNECT),
        JSON.stringify({
          type: "ModifyQuerySet",
          baseVersion: 7,
          newVersion: 8,
          modifications: [],
        }),
      ],
    ],
  ])("is told so and cut off when it sends %s", async (_name, messages) => {
    const socket = await openSocket();
    const told = new Promise<string>((resolve) =>
      socket.once("message", (data: Buffer) => resolve(data.toString())),
    );
    const closed = new Promise((resolve) => socket.once("close", resolve));
    for (const message of messages) socket.send(message);
    expect(JSON.parse(await told)).toMatchObject({ type: "FatalError" });
    await closed;
    await isServed();
  });

  it("may go at any point of a request", async () => {
    const { hostname, port } = new URL(run.url);
    const request =
      "POST /api/mutation HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n";
    for (const part of ["", "GET", request, `${request}{"path":`]) {
      const socket = connectTcp(Number(port), hostname);
      await new Promise<void>((resolve) => socket.write(part || " ", () => resolve()));
      socket.destroy();
    }
    const abort = new AbortController();
    const pending = fetch(`${run.url}/api/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"path":"notes:list","args":{"owner":"a"}}',
      signal: abort.signal,
    });
    abort.abort();
    await expect(pending).rejects.toThrow();
    await isServed();
  });

  it("may have 200 sockets open", async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, openSocket));
    await isServed();
    for (const socket of sockets) socket.terminate();
    await isServed();
  });
});
