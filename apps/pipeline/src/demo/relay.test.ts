import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { Relay } from "./relay.ts";

let backend: Server;
let relay: Relay;
let received: string[];

beforeEach(async () => {
  received = [];
  backend = createServer((request, response) => {
    void text(request).then((body) => {
      received.push(`${request.method ?? ""} ${request.url ?? ""} ${body}`);
      const status = body === "broken" ? 560 : 200;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ token: request.headers.authorization }));
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const { port } = backend.address() as AddressInfo;
  relay = await Relay.start(`http://127.0.0.1:${port}`, (body) => body.includes("cut here"));
});
afterEach(async () => {
  await relay.close();
  backend.closeAllConnections();
  await new Promise((resolve) => backend.close(resolve));
});

const post = (body: string): Promise<Response> =>
  fetch(`${relay.url}/api/mutation?x=1`, {
    method: "POST",
    body,
    headers: { authorization: "me" },
  });

describe("Relay", () => {
  it("passes requests and answers on as they are", async () => {
    const response = await post("hello");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ token: "me" });
    expect(received).toEqual(["POST /api/mutation?x=1 hello"]);
    expect((await post("broken")).status).toBe(560);
  });

  it("is cut before the request that it waits for, and lets nothing through until it is healed", async () => {
    await post("before");
    await expect(post("cut here")).rejects.toThrow();
    await expect(post("after")).rejects.toThrow();
    expect(relay.isCut).toBe(true);

    relay.heal();

    expect((await post("cut here")).status).toBe(200);
    expect(relay.isCut).toBe(false);
    expect(received.map((line) => line.split(" ").slice(2).join(" "))).toEqual([
      "before",
      "cut here",
    ]);
  });
});
