import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import type { Duplex } from "node:stream";

import { failure } from "./answers.ts";

/** The way past the relay: a call goes to the backend as it came, and its answer comes back as it is. */
export type PassThrough = {
  /**
   * @param as.headers - Instead of the request's own.
   * @param as.body - The request's body, where it was read already.
   * @param as.answerMaxMs - The longest that the backend may take to answer, in ms; the default is {@link ANSWER_MAX_MS}.
   * @returns 503 where the backend cannot be reached or does not answer in time.
   */
  request: (
    request: Request,
    as: { headers: Headers; body?: string | undefined; answerMaxMs?: number | undefined },
  ) => Promise<Response>;
  /** Joins a WebSocket with the backend. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** Headers that belong to one connection, or that the next one makes itself (RFC 9110, section 7.6.1). */
const OWN_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The longest that the backend may take to begin its answer: as long as a Convex action may run, in ms. */
const ANSWER_MAX_MS = 600_000;

/** The longest that the backend may take to join a WebSocket, in ms: until then nobody notices that its client has gone. */
const JOIN_MAX_MS = 30_000;

/** The way past the relay to the deployment with this address. */
export function createPassThrough(
  deployment: string,
  fetch: typeof globalThis.fetch,
  joinMaxMs = JOIN_MAX_MS,
): PassThrough {
  return {
    async request(request, { headers, body, answerMaxMs = ANSWER_MAX_MS }) {
      const { pathname, search } = new URL(request.url);
      for (const name of OWN_HEADERS) headers.delete(name);
      // The body was decompressed when it was read.
      if (body !== undefined) headers.delete("content-encoding");
      try {
        // A stream as a body needs to be half duplex, which the browser's types do not know.
        const sent: RequestInit & { duplex: "half" } = {
          method: request.method,
          headers,
          body: body ?? request.body,
          redirect: "manual",
          signal: AbortSignal.any([request.signal, AbortSignal.timeout(answerMaxMs)]),
          duplex: "half",
        };
        const answer = await fetch(new URL(pathname + search, deployment), sent);
        return new Response(answer.body, { status: answer.status, headers: passedHeaders(answer) });
      } catch (error) {
        return unavailable(error);
      }
    },
    upgrade(request, socket, head) {
      const target = new URL(request.url ?? "/", deployment);
      joinSockets(target, { request, socket, head, joinMaxMs });
    },
  };
}

/** `fetch` has decoded the body already: the headers must not say otherwise. */
function passedHeaders(answer: Response): Headers {
  const headers = new Headers(answer.headers);
  for (const name of [...OWN_HEADERS, "content-encoding"]) headers.delete(name);
  return headers;
}

function unavailable(error: unknown): Response {
  const why = error instanceof Error ? error.message : String(error);
  const { httpStatus, body } = failure(
    503,
    "BackendUnavailable",
    `The backend cannot be reached, and the relay cannot answer for it: ${why}`,
  );
  return Response.json(body, { status: httpStatus });
}

type Upgrade = { request: IncomingMessage; socket: Duplex; head: Buffer; joinMaxMs: number };

function joinSockets(target: URL, { request, socket, head, joinMaxMs }: Upgrade): void {
  const options: RequestOptions = {
    method: "GET",
    headers: { ...request.headers, host: target.host },
  };
  const send = target.protocol === "https:" ? requestHttps : requestHttp;
  const upstream = send(target, options);
  const giveUp = setTimeout(() => upstream.destroy(new Error("no answer")), joinMaxMs);
  upstream.on("close", () => clearTimeout(giveUp));
  upstream.on("upgrade", (answer, backend, backendHead) => {
    clearTimeout(giveUp);
    socket.write(statusLine(answer) + headerLines(answer));
    socket.write(backendHead);
    backend.write(head);
    backend.pipe(socket).pipe(backend);
    backend.on("error", () => socket.destroy());
    socket.on("error", () => backend.destroy());
  });
  // The backend answered without joining, or not at all: the client tries again by itself.
  upstream.on("response", (answer) => {
    socket.end(`${statusLine(answer)}connection: close\r\n\r\n`);
    answer.resume();
  });
  upstream.on("error", () =>
    socket.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n"),
  );
  socket.on("error", () => upstream.destroy());
  upstream.end();
}

function statusLine({ statusCode, statusMessage }: IncomingMessage): string {
  return `HTTP/1.1 ${statusCode ?? 502} ${statusMessage ?? ""}\r\n`;
}

function headerLines({ rawHeaders }: IncomingMessage): string {
  const lines: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    lines.push(`${rawHeaders[at] ?? ""}: ${rawHeaders[at + 1] ?? ""}\r\n`);
  return `${lines.join("")}\r\n`;
}
