import { existsSync, statSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** Where the relay listens: a TCP address, or the path of a Unix socket. */
export type ListenAt = { host: string; port: number } | { socketPath: string };

export type Handlers = {
  request: (request: IncomingMessage, response: ServerResponse) => void;
  /** A request for a WebSocket; not one that only offers another protocol. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** A caller that is slow to say what it wants is cut off, in ms: it must not hold a connection for ever. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const CHECK_TIMEOUTS_EVERY_MS = 2000;
/** More connections are refused. */
const CONNECTIONS_MAX_COUNT = 2048;

/** The headers in which a client offers another protocol. */
const OFFER: ReadonlySet<string> = new Set(["connection", "http2-settings", "upgrade"]);

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
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isWebSocket(request)) {
      readAgain(server, request, { socket, head });
      return;
    }
    // Node has taken its own listener off: without any, a connection that breaks would end the process.
    socket.on("error", () => socket.destroy());
    upgrade(request, socket, head);
  });
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

function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Some HTTP clients, of Java for example, offer HTTP/2 with each request. Node takes that for an upgrade too; a server may
 * ignore the offer (RFC 9110, section 7.8). So the request is read once more, without it.
 */
function readAgain(
  server: Server,
  { method = "", url = "", rawHeaders }: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): void {
  let text = `${method} ${url} HTTP/1.1\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (!OFFER.has(name.toLowerCase())) text += `${name}: ${value}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, "latin1"), head]));
  server.emit("connection", socket);
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
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED"));
  });
  if (!isAlive) unlinkSync(path);
}
