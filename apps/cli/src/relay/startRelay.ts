import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import { getRequestListener } from "@hono/node-server";
import type { RelayManager } from "@klipstream/client";

import { refuseAccess } from "./access.ts";
import { listen, type ListenAt } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import { createPassThrough, refuseUpgrade } from "./passThrough.ts";
import type { Relay } from "./relay.ts";
import { createRelayApp } from "./relayApp.ts";

export type RelayOptions = {
  manager: RelayManager;
  at: ListenAt;
  /** How long a call waits for the backend's own answer at most, in ms. */
  waitMs: number;
  /** The token that every caller must send, or null where callers on this machine need none. */
  requiredToken: string | null;
  /** The machine's clock, ms since the epoch. */
  now: () => number;
  fetch: typeof globalThis.fetch;
  onFault: (error: unknown) => void;
};

export type RunningRelay = {
  /** `http://127.0.0.1:4210`, or `unix:` and the socket's path. */
  address: string;
  /** Takes nothing more, answers what it took, and delivers what it can. What is left stays in the outbox. */
  close: (options: { timeoutMs: number }) => Promise<{ pending: number }>;
};

/**
 * Starts a relay: an HTTP face over a manager.
 *
 * @throws what listening throws, for example `EADDRINUSE`.
 */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { manager, now, requiredToken } = options;
  let isClosing = false;
  const passThrough = createPassThrough(manager.deployment, options.fetch);
  const relay: Relay = {
    manager,
    passThrough,
    now,
    requiredToken,
    waitMs: options.waitMs,
    metrics: createMetrics(manager, now),
    notReady: () => (isClosing ? "it is being stopped" : outboxTrouble(manager)),
    onFault: options.onFault,
  };
  const sockets = new Set<Duplex>();
  const join = ({ url = "/", headers }: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    if (refuseAccess(new Headers(headers as Record<string, string>), requiredToken) !== null) {
      refuseUpgrade(socket, { statusCode: 403, statusMessage: "Forbidden" });
      return;
    }
    const { authorization: _, ...others } = headers;
    // The relay's own token is for the relay alone.
    const passed = requiredToken === null ? headers : others;
    passThrough.upgrade({ url, headers: passed, socket, head });
  };
  const respond = getRequestListener(createRelayApp(relay).fetch);
  const { server, address } = await listen(options.at, {
    request: (request, response) => void respond(request, response),
    upgrade: join,
  });
  return {
    address,
    async close({ timeoutMs }) {
      isClosing = true;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const flushed = await manager.close({ timeoutMs });
      server.closeAllConnections();
      // Joined with the backend, they are no longer the server's.
      for (const socket of sockets) socket.destroy();
      await closed;
      return flushed;
    },
  };
}

function outboxTrouble(manager: RelayManager): string | null {
  try {
    manager.stats();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
