import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { RelayManager } from "@klipstream/client";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { type RunningRelay, startRelay } from "./startRelay.ts";

const TOKEN = "the-relays-own-token";
const UPDATE = { twitchId: "100", status: "Queued" };

let asked: IncomingMessage[];
let backendSockets: Set<Socket>;
let manager: RelayManager;
let relay: RunningRelay;

beforeEach(async () => {
  asked = [];
  backendSockets = new Set();
  const backend = createServer((request, response) => {
    asked.push(request);
    response.end('{"status":"error","errorMessage":"no such query"}');
  });
  backend.on("upgrade", (request, socket: Socket) => {
    asked.push(request);
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
    );
  });
  backend.on("connection", (socket: Socket) => backendSockets.add(socket.on("error", () => null)));
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  const folder = mkdtempSync(join(tmpdir(), "klipstream-relay-"));
  onTestFinished(async () => {
    for (const socket of backendSockets) socket.destroy();
    await new Promise((resolve) => backend.close(resolve));
    rmSync(folder, { recursive: true });
  });
  manager = new RelayManager(
    {
      url: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
      outboxPath: join(folder, "outbox.db"),
      logLevel: "silent",
    },
    {
      place: { env: {}, cwd: folder },
      // Updates wait in the outbox: what reaches the backend was passed on.
      fetch: () => Promise.reject(new TypeError("away")),
    },
  );
  relay = await startRelay({
    manager,
    at: { host: "127.0.0.1", port: 0 },
    waitMs: 0,
    requiredToken: TOKEN,
    now: Date.now,
    fetch,
    onFault: (error) => {
      throw error;
    },
  });
});
afterEach(() => relay.close({ timeoutMs: 0 }));

/** Sends a request as raw text; what comes back. */
function send(head: readonly string[], body = "", { allowHalfOpen = false } = {}) {
  const { hostname, port } = new URL(relay.address);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen });
  const heard = { text: "", error: null as Error | null };
  socket.setEncoding("utf8").on("data", (text: string) => (heard.text += text));
  socket.on("error", (error) => (heard.error = error));
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  onTestFinished(() => void socket.destroy());
  return { socket, heard };
}

const UPGRADE = ["Host: localhost", "Connection: Upgrade", "Upgrade: websocket"];
const WITH_TOKEN = `Authorization: Bearer ${TOKEN}`;
const get = (path: string, ...headers: string[]) => [`GET ${path} HTTP/1.1`, ...headers];

function fetchWithToken(path: string) {
  return fetch(relay.address + path, { headers: { authorization: `Bearer ${TOKEN}` } });
}

describe("a WebSocket without the relay's token", () => {
  test("is refused, and its connection ended even where the caller does not end it", async () => {
    const { socket, heard } = send(get("/api/sync", ...UPGRADE), "", { allowHalfOpen: true });
    await once(socket, "end");
    expect(heard.text).toMatch(/^HTTP\/1.1 403 /);
    await expect.poll(() => (socket.write("x"), heard.error)).not.toBeNull();
    expect(asked).toEqual([]);
  });

  test("that breaks off at once does not end the relay", async () => {
    const { socket } = send(get("/api/sync", ...UPGRADE));
    socket.once("connect", () => setImmediate(() => socket.resetAndDestroy()));
    await once(socket, "close");
    expect((await fetch(`${relay.address}/healthz`)).status).toBe(200);
  });
});

describe("a joined WebSocket", () => {
  const joinBackend = async () => {
    const { socket, heard } = send(get("/api/sync", ...UPGRADE, WITH_TOKEN));
    await expect.poll(() => heard.text).toMatch(/hello$/);
    return socket;
  };

  test("does not take the relay's token to the backend", async () => {
    await joinBackend();
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("ends when the relay is closed, and does not hold it up", async () => {
    const ended = once(await joinBackend(), "close");
    await relay.close({ timeoutMs: 0 });
    await ended;
  });
});

test("a request that offers HTTP/2, as Java's client does, is answered as if it did not", async () => {
  const body = JSON.stringify({ path: "video:updateStatusByTwitchId", args: UPDATE });
  const { heard } = send(
    [
      "POST /api/mutation HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade, HTTP2-Settings",
      "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
      "Upgrade: h2c",
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      WITH_TOKEN,
    ],
    body,
  );
  await expect.poll(() => heard.text).toMatch(/^HTTP\/1.1 200 OK[^]*"status":"success"/);
  expect(manager.stats().pending).toBe(1);
});

describe("a query in an address", () => {
  test("that the relay does not answer itself is passed on", async () => {
    const path = "/api/query?path=video:list&args={}";
    expect(await (await fetchWithToken(path)).json()).toMatchObject({ status: "error" });
    expect(asked.map(({ url }) => url)).toEqual([path]);
  });

  test("makes no update", async () => {
    const args = encodeURIComponent(JSON.stringify(UPDATE));
    await fetchWithToken(`/api/query?path=video:updateStatusByTwitchId&args=${args}`);
    expect(manager.stats().accepted).toBe(0);
    expect(asked).toHaveLength(1);
  });
});
