import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A call of a function, as it was sent. */
export type SentCall = { path: string; args: unknown };

/** What went over a wire since it was opened. */
export type Traffic = { requests: number; connections: number; bytes: number; calls: SentCall[] };

/** `silent`: takes connections and requests, and answers none. `refusing`: takes no connection. */
export type WireState = "open" | "silent" | "refusing";

/** A way to a backend that counts what passes, and that can be cut. */
export type Wire = {
  url: string;
  traffic: () => Traffic;
  /** Whoever still waits for an answer then loses the connection, as when the backend is restarted. */
  become: (state: WireState) => Promise<void>;
  close: () => Promise<void>;
};

/** Opens a way on a port of its own to the backend with this address. */
export async function openWire(target: string): Promise<Wire> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const sockets = new Set<Socket>();
  const calls: SentCall[] = [];
  const counts = { requests: 0, connections: 0, closedBytes: 0 };
  let state: WireState = "open";
  const server = createServer((incoming, outgoing) => {
    counts.requests += 1;
    void pass(incoming, outgoing);
  });
  // A client under 1,000 callers may leave a connection alone for longer than Node's 5 s.
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket) => {
    counts.connections += 1;
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      counts.closedBytes += socket.bytesRead + socket.bytesWritten;
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", 2048, resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readAll(incoming).catch(() => null);
    if (body === null || state !== "open") return;
    if (body.length > 0) keepCall(calls, body);
    const headers = { ...incoming.headers, host: new URL(target).host };
    const sent = request(
      target + (incoming.url ?? "/"),
      { method: incoming.method, headers, agent },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    sent.once("error", () => outgoing.destroy());
    sent.end(body);
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  return {
    url: `http://127.0.0.1:${port}`,
    traffic: () => ({
      requests: counts.requests,
      connections: counts.connections,
      bytes: [...sockets].reduce(
        (sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten,
        counts.closedBytes,
      ),
      calls: [...calls],
    }),
    async become(next) {
      if (state === "refusing" && next !== "refusing") await listen(port);
      if (next === "refusing" && state !== "refusing") server.close();
      if (state !== next) cut();
      state = next;
    },
    async close() {
      cut();
      agent.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** `convex` sends the arguments as a list of one; other callers send them as they are. */
function keepCall(calls: SentCall[], body: Buffer): void {
  const { path, args } = JSON.parse(body.toString()) as SentCall;
  calls.push({ path, args: Array.isArray(args) ? (args[0] as unknown) : args });
}
