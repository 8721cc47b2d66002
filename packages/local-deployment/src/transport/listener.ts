import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";

export type Handlers = {
  request: (request: IncomingMessage, response: ServerResponse) => void;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** A port that can be shut and opened again, as if a network went away and came back. */
export class Listener {
  readonly #handlers: Handlers;
  readonly #sockets = new Set<Socket>();
  readonly #host: string;
  #port: number;
  #server: Server | null = null;

  constructor(handlers: Handlers, { host, port }: { host: string; port: number }) {
    this.#handlers = handlers;
    this.#host = host;
    this.#port = port;
  }

  /** The port that is listened to; before the first `open()` the one that was asked for. */
  get port(): number {
    return this.#port;
  }

  /** @throws what `listen` throws, for example `EADDRINUSE`. */
  async open(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer(this.#handlers.request);
    server.on("upgrade", this.#handlers.upgrade);
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, this.#host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Refuses new connections and cuts the open ones. */
  async shut(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
