import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import type { Random } from "./random.ts";

/** What the network does to one request. */
export const NETWORK_FAULTS = [
  "reset",
  "stall",
  "late",
  "status503",
  "status429",
  "cutBeforeCommit",
  "cutAfterCommit",
  "html",
  "expiredToken",
] as const;
export type NetworkFault = (typeof NETWORK_FAULTS)[number];

/** The share of requests that meet each fault. */
export type Weather = Partial<Record<NetworkFault, number>>;

export const FAIR: Weather = {};

/** What is done to every request that names a video; `hang` never answers. */
export type Poison = { status: number; body: string } | "hang";

/** How many requests arrive a second time, and how much later at most, in milliseconds. */
export type LateCopies = { share: number; withinMs: number };

type Kept = { request: IncomingMessage; body: Buffer };

/** 30 % of answers cut after the commit, and a little of everything else. */
export const STORM: Weather = {
  cutAfterCommit: 0.3,
  reset: 0.04,
  stall: 0.01,
  late: 0.02,
  status503: 0.05,
  status429: 0.03,
  cutBeforeCommit: 0.04,
  html: 0.03,
  expiredToken: 0.02,
};

/** A late request reaches the backend after its sender has given up, and tried again. */
const LATE_MS = 1200;

/** An HTTP proxy that does to requests what networks do. */
export class FaultProxy {
  readonly hits = new Map<NetworkFault | "none", number>();
  weather: Weather = FAIR;
  /** What is done to every request whatever it is, before the weather. */
  outage: Poison | undefined;
  /** By Twitch ID. */
  readonly poisons = new Map<string, Poison>();
  /** How many requests have arrived a second time. */
  copies = 0;
  readonly #target: string;
  readonly #random: Random;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #refusedTokens = new Set<string>();
  #forwarding = 0;
  #lateCopies: LateCopies | undefined;
  #kept: Kept[] = [];

  constructor(target: string, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      // A killed process's sockets end in errors.
      socket.on("error", () => undefined);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on requests arrive a second time, at any later moment; undefined: they do no more. */
  copyLater(lateCopies: LateCopies | undefined): void {
    this.#lateCopies = lateCopies;
    this.#kept = [];
  }

  /** All requests that were forwarded since {@link copyLater} arrive once more, in any order. */
  async replayAll(): Promise<void> {
    await this.calm();
    const kept = this.#kept.map((one) => ({ one, place: this.#random.next() }));
    for (const { one } of kept.sort((a, b) => a.place - b.place)) await this.#copy(one);
  }

  /** Resolves when no request is on its way to the backend any more, late ones included. */
  async calm(): Promise<void> {
    while (this.#forwarding > 0) await pause(20);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const poison = this.outage ?? this.#poisonOf(body);
    if (poison === "hang") return;
    if (poison !== undefined) {
      send(response, poison);
      return;
    }
    const fault = this.#chooseFault(request);
    this.hits.set(fault, (this.hits.get(fault) ?? 0) + 1);
    switch (fault) {
      case "reset":
      case "cutBeforeCommit":
        response.destroy();
        return;
      case "stall":
        return;
      case "status503":
        send(response, { status: 503, body: '{"code":"Overloaded","message":"try again"}' });
        return;
      case "status429":
        send(response, { status: 429, body: "{}", headers: { "retry-after": "0" } });
        return;
      case "html":
        send(response, { status: 200, body: "<html>Please log in to this network</html>" });
        return;
      case "expiredToken":
        send(response, { status: 401, body: '{"code":"InvalidAuthHeader","message":"expired"}' });
        return;
      case "late":
        this.#forwarding += 1;
        await pause(LATE_MS);
        this.#forwarding -= 1;
        await this.#forward(request, body);
        return;
      case "cutAfterCommit":
        await this.#forward(request, body);
        response.destroy();
        return;
      case "none":
        send(response, await this.#forward(request, body));
    }
  }

  #poisonOf(body: Buffer): Poison | undefined {
    for (const [twitchId, poison] of this.poisons)
      if (body.includes(`"twitchId":"${twitchId}"`)) return poison;
    return undefined;
  }

  #chooseFault(request: IncomingMessage): NetworkFault | "none" {
    let dice = this.#random.next();
    for (const fault of NETWORK_FAULTS) {
      dice -= this.weather[fault] ?? 0;
      if (dice < 0) return fault === "expiredToken" ? this.#expire(request) : fault;
    }
    return "none";
  }

  /** A token expires once: its replacement is good. */
  #expire(request: IncomingMessage): NetworkFault | "none" {
    const token = request.headers.authorization;
    // An exchange carries none.
    if (token === undefined || this.#refusedTokens.has(token)) return "none";
    this.#refusedTokens.add(token);
    return "expiredToken";
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const answer = await this.#forwardOnce(request, body);
    if (this.#lateCopies !== undefined) this.#keepForLater({ request, body }, this.#lateCopies);
    return answer;
  }

  #keepForLater(kept: Kept, { share, withinMs }: LateCopies): void {
    this.#kept.push(kept);
    if (!this.#random.chance(share)) return;
    this.#forwarding += 1;
    void pause(this.#random.between(1, withinMs))
      .then(() => this.#copy(kept))
      .finally(() => (this.#forwarding -= 1));
  }

  async #copy({ request, body }: Kept): Promise<void> {
    await this.#forwardOnce(request, body);
    this.copies += 1;
  }

  async #forwardOnce(request: IncomingMessage, body: Buffer): Promise<Answer> {
    this.#forwarding += 1;
    const { authorization } = request.headers;
    try {
      const answer = await fetch(this.#target + (request.url ?? ""), {
        method: request.method ?? "POST",
        // An exchange carries no token, and an empty one would be refused.
        headers: {
          "content-type": "application/json",
          ...(authorization !== undefined && { authorization }),
        },
        body: new Uint8Array(body),
      });
      return { status: answer.status, body: await answer.text() };
    } finally {
      this.#forwarding -= 1;
    }
  }
}

type Answer = { status: number; body: string; headers?: Record<string, string> };

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
