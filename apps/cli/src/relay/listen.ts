import { existsSync, statSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** Where the relay listens: a TCP address, or the path of a Unix socket. */
export type ListenAt = { host: string; port: number } | { socketPath: string };

export type Handlers = {
  request: (request: IncomingMessage, response: ServerResponse) => void;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** A caller that is slow to say what it wants is cut off, in ms: it must not hold a connection for ever. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const CHECK_TIMEOUTS_EVERY_MS = 2000;
/** More connections are refused. */
const CONNECTIONS_MAX_COUNT = 2048;

/** Leaves a new socket 0660: its user and group may call. */
const SOCKET_UMASK = 0o117;

/**
 * Opens the relay's port.
 *
 * @returns The server, and its address for people and for `CONVEX_URL`.
 * @throws what listening throws, for example `EADDRINUSE`.
 */
export async function listen(
  at: ListenAt,
  { request, upgrade }: Handlers,
): Promise<{ server: Server; address: string }> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
    },
    request,
  );
  server.maxConnections = CONNECTIONS_MAX_COUNT;
  server.on("upgrade", upgrade);
  if ("socketPath" in at) await removeDeadSocket(at.socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if ("socketPath" in at) listenOnSocket(server, at.socketPath, resolve);
    else server.listen(at.port, at.host, resolve);
  });
  if ("socketPath" in at) return { server, address: `unix:${at.socketPath}` };
  const host = at.host.includes(":") ? `[${at.host}]` : at.host;
  return { server, address: `http://${host}:${(server.address() as AddressInfo).port}` };
}

/** The socket has its mode from its first moment: nobody slips in before a chmod. */
function listenOnSocket(server: Server, path: string, onListening: () => void): void {
  const umask = process.umask(SOCKET_UMASK);
  try {
    server.listen(path, onListening);
  } finally {
    process.umask(umask);
  }
}

/** A process that was killed leaves its socket behind; one that still answers is somebody's. */
async function removeDeadSocket(path: string): Promise<void> {
  if (!existsSync(path) || !statSync(path).isSocket()) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (!isAlive) unlinkSync(path);
}
