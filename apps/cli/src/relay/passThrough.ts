import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
  type RequestOptions,
} from "node:http";
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
  upgrade: (upgrade: Upgrade) => void;
};

/** A request for a WebSocket. */
export type Upgrade = {
  /** Its path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  socket: Duplex;
  /** What was sent behind it already. */
  head: Buffer;
};

/** Headers that belong to one connection, or that the next one makes itself (RFC 9110, section 7.6.1). */
const OWN_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "expect",
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
        const answer = await fetch(addressAt(deployment, pathname + search), sent);
        return new Response(answer.body, { status: answer.status, headers: passedHeaders(answer) });
      } catch (error) {
        return unavailable(error);
      }
    },
    upgrade: (upgrade) => joinSockets(addressAt(deployment, upgrade.url), upgrade, joinMaxMs),
  };
}

/** The path and query at the deployment, and never elsewhere: resolved as a link, `//other.example/` is another host. */
function addressAt(deployment: string, url: string): URL {
  const address = new URL(deployment);
  const [pathname = "", ...search] = url.split("?");
  address.pathname = pathname;
  address.search = search.join("?");
  return address;
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

function joinSockets(
  target: URL,
  { headers: { "proxy-authorization": _, ...headers }, socket, head }: Upgrade,
  joinMaxMs: number,
): void {
  const options: RequestOptions = { method: "GET", headers: { ...headers, host: target.host } };
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
    refuseUpgrade(socket, answer);
    answer.resume();
  });
  upstream.on("error", () =>
    refuseUpgrade(socket, { statusCode: 503, statusMessage: "Service Unavailable" }),
  );
  socket.on("error", () => upstream.destroy());
  upstream.end();
}

type Status = Pick<IncomingMessage, "statusCode" | "statusMessage">;

/** Answers, and ends the connection: a caller that does not end its own half would keep it. */
export function refuseUpgrade(socket: Duplex, status: Status): void {
  socket.end(`${statusLine(status)}connection: close\r\n\r\n`, () => socket.destroy());
}

function statusLine({ statusCode, statusMessage }: Status): string {
  return `HTTP/1.1 ${statusCode ?? 502} ${statusMessage ?? ""}\r\n`;
}

function headerLines({ rawHeaders }: IncomingMessage): string {
  const lines: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    lines.push(`${rawHeaders[at] ?? ""}: ${rawHeaders[at + 1] ?? ""}\r\n`);
  return `${lines.join("")}\r\n`;
}
