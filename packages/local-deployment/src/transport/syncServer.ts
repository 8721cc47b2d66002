import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { WebSocketServer } from "ws";

import { LiveQueries } from "../deployment/liveQueries.ts";
import { LARGEST_PUBLIC_BODY } from "../wire/jsonBodies.ts";
import type { Served } from "./context.ts";
import type { Fault, Faults } from "./faults.ts";
import { SocketFaults } from "./socketFaults.ts";
import { SyncSession } from "./syncSession.ts";

const SYNC_PATH = /^\/api\/([^/]+\/)?sync$/;
const PING_MS = 15_000;

/** The deployment over WebSockets. */
export class SyncServer {
  readonly #served: Served;
  readonly #faults: Faults;
  readonly #live: LiveQueries;
  readonly #sessions = new Set<SyncSession>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: LARGEST_PUBLIC_BODY });
  readonly #pings: NodeJS.Timeout;

  constructor(served: Served, faults: Faults) {
    this.#served = served;
    this.#faults = faults;
    this.#live = new LiveQueries(served.deployment, () => {
      for (const session of this.#sessions) session.settle();
    });
    this.#pings = setInterval(() => {
      for (const session of this.#sessions) session.ping();
    }, PING_MS);
    this.#pings.unref();
  }

  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client may go at any moment, also before it is upgraded.
    socket.on("error", () => socket.destroy());
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (!SYNC_PATH.test(path)) {
      refuse(socket, 404);
      return;
    }
    void this.#meet(socket, this.#faults.take({ path, function: null })).then((goesOn) => {
      if (!goesOn) return;
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        const session = new SyncSession(webSocket, {
          ...this.#served,
          live: this.#live,
          faults: new SocketFaults(this.#faults, path),
        });
        this.#sessions.add(session);
        webSocket.once("close", () => this.#sessions.delete(session));
      });
    });
  }

  close(): void {
    clearInterval(this.#pings);
    this.#live.close();
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  async #meet(socket: Duplex, fault: Fault | null): Promise<boolean> {
    if (fault === null) return true;
    if ("status" in fault) refuse(socket, fault.status);
    else if ("cut" in fault) socket.destroy();
    else if ("delayMs" in fault) await delay(fault.delayMs);
    return "delayMs" in fault && !socket.destroyed;
  }
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
