/** What must not get through the relay, nor hold up others. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request, type RequestOptions } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { call, type Relay, type RelayStage, startRelayStage } from "./stage.ts";

const MIB = 1024 * 1024;

let stage: RelayStage;
let relay: Relay;
let twitchId: string;

beforeAll(async () => {
  stage = await startRelayStage();
  relay = await stage.startRelay();
  ({ twitchId } = await stage.createVideo());
}, 180_000);
afterAll(() => stage.close());

const outboxOf = (name: string) => ({ CONVEX_OUTBOX_PATH: join(stage.folder, `${name}.db`) });

const update = (status = "Completed") =>
  JSON.stringify({
    path: "video:updateStatusByTwitchId",
    args: { twitchId, status },
    format: "json",
  });

type Sent = { status: number | undefined; text: string };

/** Sends a request with any headers, which `fetch` would not. Null for a connection that was cut. */
function send(options: RequestOptions, body: string | Buffer = update()): Promise<Sent | null> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(relay.url);
    const sent = request(
      { hostname, port, method: "POST", path: "/api/mutation", ...options },
      (response: IncomingMessage) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("close", () => resolve({ status: response.statusCode, text }));
      },
    );
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, text: "" });
    });
    sent.on("error", () => resolve(null));
    // Also after the answer, while the rest of the body is still on its way.
    sent.on("socket", (socket) => socket.on("error", () => resolve(null)));
    sent.end(body);
  });
}

/** The backend has nothing but the video's creation, and the outbox nothing at all. */
async function expectNothingChanged(): Promise<void> {
  expect((await stage.history(twitchId)).map(({ to }) => to)).toEqual(["Queued"]);
}

/** Somebody else's update goes through. */
async function expectOthersServed(): Promise<void> {
  const other = await stage.createVideo();
  const args = { twitchId: other.twitchId, status: "Downloading" };
  const path = "video:updateStatusByTwitchId";
  expect(await call(relay.url, { kind: "mutation", path, args })).toMatchObject({
    value: { outcome: "applied" },
  });
}

describe("a web page", () => {
  it.each([
    ["that sends its origin", { origin: "https://evil.example" }],
    ["that hides its origin", { origin: "null" }],
    ["that is on this machine", { origin: "http://localhost:3000" }],
    ["that made its name mean this machine", { host: "evil.example" }],
    ["that asks as an image does", { "sec-fetch-site": "cross-site" }],
  ])("%s is refused, and changes nothing", async (_name, headers) => {
    expect((await send({ headers }))?.status).toBe(403);
    await expectNothingChanged();
  });

  it("is refused before the question whether it may send", async () => {
    const headers = {
      origin: "https://evil.example",
      "access-control-request-method": "POST",
      "access-control-request-private-network": "true",
    };
    expect((await send({ method: "OPTIONS", headers }, ""))?.status).toBe(403);
  });

  it("gets no WebSocket", async () => {
    const upgrade = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    };
    const options = { method: "GET", path: "/api/1.48.0/sync" };
    const ofPage = { ...upgrade, origin: "https://evil.example" };
    expect((await send({ ...options, headers: ofPage }, ""))?.status).toBe(403);
    expect((await send({ ...options, headers: upgrade }, ""))?.status).toBe(101);
  });
});

describe("an address that other machines can reach", () => {
  it("is refused without a token", async () => {
    await expect(stage.startRelay(["--host", "0.0.0.0"], outboxOf("open"))).rejects.toThrow(
      /ended with 2: .*0\.0\.0\.0 can be reached from other machines.*--require-token/s,
    );
  });

  it("with a token serves only who sends it", async () => {
    const token = randomBytes(32).toString("hex");
    writeFileSync(join(stage.folder, "relay.token"), `${token}\n`);
    const args = ["--host", "0.0.0.0", "--require-token", "relay.token"];
    const guarded = await stage.startRelay(args, outboxOf("guarded"));
    const { port } = new URL(guarded.url);
    for (const headers of [{}, { authorization: `Bearer ${token}x` }])
      expect((await send({ port, headers }))?.status).toBe(401);
    await expectNothingChanged();
    const other = await stage.createVideo();
    const answer = await call(`http://127.0.0.1:${port}`, {
      kind: "mutation",
      path: "video:updateStatusByTwitchId",
      args: { twitchId: other.twitchId, status: "Downloading" },
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer).toMatchObject({ value: { outcome: "applied" } });
    expect(await guarded.stop()).toBe(0);
  });
});

describe("a Unix socket", () => {
  /** What a process of this user meets on the socket: `connected` or an error's code. */
  function connectAs(user: object, path: string): string {
    const program = `require("node:net").connect(${JSON.stringify(path)})
      .on("connect", () => { console.log("connected"); process.exit(); })
      .on("error", (error) => console.log(error.code));`;
    return spawnSync(process.execPath, ["-e", program], { ...user, cwd: "/" })
      .stdout.toString()
      .trim();
  }

  it("is open to its user and group, and to nobody else", async (context) => {
    const path = join(stage.folder, "relay.sock");
    const onSocket = await stage.startRelay(["--socket", path], outboxOf("socket"));
    expect(onSocket.url).toBe(`unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await send({ socketPath: path, path: "/healthz", method: "GET" }, "")).toEqual({
      status: 200,
      text: "ok\n",
    });
    // Only root can become somebody else.
    if (process.getuid?.() !== 0) context.skip("needs root");
    chmodSync(stage.folder, 0o711);
    expect(connectAs({ uid: 65_534, gid: 65_534 }, path)).toBe("EACCES");
    expect(connectAs({ uid: 65_534, gid: process.getgid?.() }, path)).toBe("connected");
    expect(await onSocket.stop()).toBe(0);
  });

  it("that a killed relay left is taken over, and one that is in use is not", async () => {
    const args = ["--socket", join(stage.folder, "left.sock")];
    const killed = await stage.startRelay(args, outboxOf("left"));
    await killed.stop("SIGKILL");
    await stage.startRelay(args, outboxOf("left"));
    await expect(stage.startRelay(args, outboxOf("left-2"))).rejects.toThrow(/EADDRINUSE/);
  });
});

describe("a body that is too large", () => {
  const padded = () => Buffer.from(update().padEnd(100 * MIB, " "));

  it.each([
    ["with its length", {}],
    ["in chunks", { "transfer-encoding": "chunked" }],
  ])("%s is refused or cut off, changes nothing, and others are served", async (_name, headers) => {
    const sending = send({ headers }, padded());
    await expectOthersServed();
    const answer = await sending;
    if (answer !== null) expect(answer.status).toBe(400);
    await expectNothingChanged();
  });

  it("when it is unpacked is refused, and changes nothing", async () => {
    const packed = gzipSync(padded());
    const answer = await send({ headers: { "content-encoding": "gzip" } }, packed);
    expect(answer?.status).toBe(400);
    await expectNothingChanged();
  });
});

describe("callers who drip their headers", () => {
  it("are cut off, and others are served meanwhile", async () => {
    const { hostname, port } = new URL(relay.url);
    const slow = Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.resume();
      socket.write("POST /api/mutation HTTP/1.1\r\nhost: localhost\r\nx-slow: ");
      const drip = setInterval(() => socket.write("a"), 500);
      return new Promise<void>((resolve) =>
        socket.on("close", () => {
          clearInterval(drip);
          resolve();
        }),
      );
    });
    await expectOthersServed();
    await Promise.all(slow);
    await expectOthersServed();
    await expectNothingChanged();
  }, 40_000);
});
