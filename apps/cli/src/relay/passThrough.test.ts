import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";

import { describe, expect, onTestFinished, test } from "vitest";

import { createPassThrough } from "./passThrough.ts";

/** A server on this machine that ends with the test; its port. */
async function open(server: Server): Promise<number> {
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const incoming = (path: string, init: RequestInit = {}) =>
  new Request(`http://127.0.0.1:4210${path}`, init);

describe("a request", () => {
  type Sent = { url: string; init: RequestInit };

  /** What the backend was sent, and what comes back of its answer. */
  async function pass(request: Request, how: { body?: string } = {}, answer = new Response("ok")) {
    const sent: Sent[] = [];
    const { request: passOn } = createPassThrough("https://backend.example", (url, init) => {
      sent.push({ url: (url as URL).href, init: init ?? {} });
      return Promise.resolve(answer);
    });
    const headers = new Headers(request.headers);
    const response = await passOn(request, { headers, ...how });
    const [{ url, init }] = sent as [Sent];
    return { url, init, headers: init.headers as Headers, response };
  }

  test("goes to the backend with its method, its path and what it asks for", async () => {
    const { url, init } = await pass(incoming("/api/storage/x?y=1&z=%20", { method: "PUT" }));
    expect(url).toBe("https://backend.example/api/storage/x?y=1&z=%20");
    expect(init).toMatchObject({ method: "PUT", redirect: "manual" });
  });

  test.each(["//other.example/x", "//user@other.example/x", "/\\other.example/x"])(
    "for %s goes to the backend, and to no other host",
    async (path) => {
      const { url } = await pass(new Request(new URL("http://127.0.0.1:4210").origin + path));
      expect(new URL(url).host).toBe("backend.example");
    },
  );

  test("keeps its own headers, and loses those of its connection", async () => {
    const own = { authorization: "Bearer x", "convex-client": "npm-1.48.0" };
    const ofConnection = { connection: "close", te: "trailers", "keep-alive": "timeout=5" };
    const headers = {
      ...own,
      ...ofConnection,
      expect: "100-continue",
      "proxy-authorization": "Basic x",
    };
    const { headers: sent } = await pass(incoming("/api/action", { headers }));
    expect(Object.fromEntries(sent)).toEqual(own);
  });

  test("whose body was read and unpacked is sent as that text", async () => {
    const request = incoming("/api/action", {
      method: "POST",
      body: gzipSync("{}"),
      headers: { "content-encoding": "gzip" },
    });
    const { init, headers } = await pass(request, { body: "{}" });
    expect(init.body).toBe("{}");
    expect(headers.has("content-encoding")).toBe(false);
  });

  test("whose body was not read is sent as it comes, still packed", async () => {
    const packed = gzipSync("{}");
    const headers = { "content-encoding": "gzip" };
    const { init, headers: sent } = await pass(
      incoming("/api/storage/upload", { method: "POST", body: packed, headers }),
    );
    expect(Buffer.from(await new Response(init.body).arrayBuffer())).toEqual(packed);
    expect(sent.get("content-encoding")).toBe("gzip");
  });

  test("is answered as the backend answers, also with a failure or another address", async () => {
    for (const status of [204, 302, 404, 560]) {
      const headers = { location: "/elsewhere", "x-request-id": "1" };
      const answer = new Response(status === 204 ? null : "text", { status, headers });
      const { response } = await pass(incoming("/"), {}, answer);
      expect(response.status).toBe(status);
      expect(Object.fromEntries(response.headers)).toMatchObject(headers);
      expect(await response.text()).toBe(status === 204 ? "" : "text");
    }
  });

  test("is not told of a packing or a length that is undone already", async () => {
    const headers = { "content-encoding": "br", "content-length": "3", "keep-alive": "timeout=5" };
    const { response } = await pass(incoming("/"), {}, new Response("text", { headers }));
    expect([...response.headers.keys()]).toEqual(["content-type"]);
  });
});

describe("a backend that is away", () => {
  test("is 503, with the reason", async () => {
    const { request } = createPassThrough("https://backend.example", () =>
      Promise.reject(new TypeError("getaddrinfo ENOTFOUND")),
    );
    const response = await request(incoming("/"), { headers: new Headers() });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: "BackendUnavailable",
      message: expect.stringContaining("getaddrinfo ENOTFOUND") as string,
    });
  });

  /** A backend that never answers; how often it was given up. */
  function createSilent() {
    const silent = { givenUp: 0 };
    const passThrough = createPassThrough(
      "https://backend.example",
      (_url, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => {
            silent.givenUp += 1;
            reject(init.signal?.reason as Error);
          });
        }),
    );
    return { silent, passThrough };
  }

  test("and silent is 503 after the longest time that it was given", async () => {
    const { silent, passThrough } = createSilent();
    const how = { headers: new Headers(), answerMaxMs: 1 };
    expect((await passThrough.request(incoming("/"), how)).status).toBe(503);
    expect(silent.givenUp).toBe(1);
  });

  test("and silent is given up when the caller goes away", async () => {
    const { silent, passThrough } = createSilent();
    const caller = new AbortController();
    const asked = passThrough.request(incoming("/", { signal: caller.signal }), {
      headers: new Headers(),
    });
    caller.abort();
    expect((await asked).status).toBe(503);
    expect(silent.givenUp).toBe(1);
  });
});

describe("a WebSocket", () => {
  /** A port whose WebSockets are joined with those of the backend on another port. */
  function joinTo(backend: number, joinMaxMs?: number): Promise<number> {
    const { upgrade } = createPassThrough(`http://127.0.0.1:${backend}`, fetch, joinMaxMs);
    const join = ({ url = "", headers }: IncomingMessage, socket: Duplex, head: Buffer) =>
      upgrade({ url, headers, socket, head });
    return open(createServer().on("upgrade", join));
  }

  /** A backend that says what it was asked, and then echoes. */
  function createEcho() {
    const asked: IncomingMessage[] = [];
    const joined: Socket[] = [];
    const server = createServer().on("upgrade", (request: IncomingMessage, socket: Socket) => {
      asked.push(request);
      joined.push(socket);
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-From: backend\r\n");
      socket.write("Connection: Upgrade\r\n\r\nhello ");
      socket.pipe(socket);
    });
    return { server, asked, joined };
  }

  /** Asks for a WebSocket; what comes back, as raw text. */
  function ask(port: number, url = "/api/1.48.0/sync?x=1") {
    const socket = connect(port, "127.0.0.1");
    const heard = { text: "" };
    socket.setEncoding("utf8").on("data", (text: string) => (heard.text += text));
    socket.on("error", () => undefined);
    socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\nCookie: c=1\r\n`);
    socket.write("Proxy-Authorization: Basic x\r\n");
    socket.write("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    onTestFinished(() => void socket.destroy());
    return { socket, heard };
  }

  test("is joined with the backend's, both ways, from the first byte on", async () => {
    const { server, asked } = createEcho();
    const { socket, heard } = ask(await joinTo(await open(server)));
    socket.write("early ");
    await expect.poll(() => heard.text).toMatch(/^HTTP\/1.1 101 [^]*hello early $/);
    expect(heard.text).toContain("X-From: backend\r\n");
    socket.write("late");
    await expect.poll(() => heard.text).toMatch(/early late$/);
    expect(asked[0]?.url).toBe("/api/1.48.0/sync?x=1");
    expect(asked[0]?.headers).toMatchObject({ upgrade: "websocket", cookie: "c=1" });
    expect(asked[0]?.headers.host).not.toBe("localhost");
    expect(asked[0]?.headers).not.toHaveProperty("proxy-authorization");
  });

  test.each(["//127.0.0.2:9/x", "http://127.0.0.2:9/x", "/\\127.0.0.2:9/x", "//["])(
    "at %s is the backend's, and no other host's",
    async (url) => {
      const { server, asked } = createEcho();
      const { heard } = ask(await joinTo(await open(server)), url);
      await expect.poll(() => heard.text).toMatch(/^HTTP\/1.1 101 [^]*hello/);
      expect(asked).toHaveLength(1);
    },
  );

  const ways: [string, (socket: Socket) => unknown][] = [
    ["ends", (socket) => socket.end()],
    ["is cut off", (socket) => socket.resetAndDestroy()],
  ];

  test.each(ways)("ends at the caller's side where the backend's %s", async (_name, end) => {
    const { server, joined } = createEcho();
    const { socket, heard } = ask(await joinTo(await open(server)));
    await expect.poll(() => heard.text).toMatch(/hello/);
    const ended = once(socket, "close");
    end(joined[0]!);
    await ended;
  });

  test.each(ways)("ends at the backend's side where the caller's %s", async (_name, end) => {
    const { server, joined } = createEcho();
    const { socket, heard } = ask(await joinTo(await open(server)));
    await expect.poll(() => heard.text).toMatch(/hello/);
    const ended = once(joined[0]!, "close");
    end(socket);
    await ended;
  });

  test("that the backend refuses is answered as it refuses", async () => {
    const server = createServer((_request, response) => response.writeHead(403).end("no"));
    const { socket, heard } = ask(await joinTo(await open(server)));
    await once(socket, "close");
    expect(heard.text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
  });

  test("to a backend that is away is 503", async () => {
    const { socket, heard } = ask(await joinTo(await closedPort()));
    await once(socket, "close");
    expect(heard.text).toMatch(/^HTTP\/1.1 503 /);
  });

  test("that a silent backend does not join in time is 503", async () => {
    const server = createServer().on("upgrade", (_request, socket: Duplex) => socket.resume());
    const { socket, heard } = ask(await joinTo(await open(server), 1));
    await once(socket, "close");
    expect(heard.text).toMatch(/^HTTP\/1.1 503 /);
  });
});
