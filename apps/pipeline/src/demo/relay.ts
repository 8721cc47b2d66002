import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** Headers that belong to one connection and are not passed on. */
const HOP_HEADERS = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
]);

/**
 * The way from one pipeline to the backend, which can be cut: from then on every connection is reset, as when a
 * network cable is pulled.
 */
export class Relay {
  readonly #server: Server;
  readonly #target: string;
  readonly #shouldCut: (body: string) => boolean;
  #state: "open" | "cut" | "healed" = "open";

  private constructor(target: string, shouldCut: (body: string) => boolean) {
    this.#target = target;
    this.#shouldCut = shouldCut;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  /**
   * @param target - Where requests go, `http://127.0.0.1:3210`.
   * @param shouldCut - Asked for each request's body until it says yes. That request does not get through, nor does
   *   any other until {@link heal}.
   */
  static async start(target: string, shouldCut: (body: string) => boolean): Promise<Relay> {
    const relay = new Relay(target, shouldCut);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get isCut(): boolean {
    return this.#state === "cut";
  }

  /** Lets requests through again, for good. */
  heal(): void {
    this.#state = "healed";
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await buffer(request);
      if (this.#state === "open" && this.#shouldCut(body.toString("utf8"))) this.#state = "cut";
      if (this.isCut) response.destroy();
      else await this.#forward(request, response, body);
    } catch {
      // Either side went away in the middle: for the other one that is a broken connection.
      response.destroy();
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers))
      if (!HOP_HEADERS.has(name) && typeof value === "string") headers.set(name, value);
    const { method = "GET", url = "/" } = request;
    const answer = await fetch(this.#target + url, {
      method,
      headers,
      ...(body.length > 0 ? { body } : {}),
    });
    const answerBody = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get("content-type");
    response
      .writeHead(answer.status, type === null ? {} : { "content-type": type })
      .end(answerBody);
  }
}
