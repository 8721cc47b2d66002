import { randomUUID } from "node:crypto";

import { ConvexHttpClient } from "convex/browser";
import { z } from "zod";

import type { Clock } from "../clock.ts";
import {
  BackendUnavailableError,
  CredentialsRefusedError,
  KlipstreamError,
  RequestRefusedError,
} from "../errors.ts";
import type { Redactor } from "../log/redact.ts";
import { isRetryableStatus } from "../retry/classify.ts";
import { clampRetryAfter } from "../retry/delay.ts";

/** What is known of an answer besides its content. */
export type Answer = {
  httpStatus: number | undefined;
  requestId: string;
  /** Whether a function of the backend failed, rather than the way there or back. */
  isFunctionError: boolean;
};

export type Exchange = {
  fetch: typeof globalThis.fetch;
  clock: Clock;
  /** Ends the exchange: its time is up. */
  signal: AbortSignal;
  token: string | null;
  redactor: Redactor;
  answer: Answer;
};

/** The longest answer that is read, in bytes: a Convex function can return no more. */
export const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/** What is known before the answer comes. The backend takes this request id over into its logs, as it has the form of its own. */
export function noAnswerYet(): Answer {
  const requestId = randomUUID().replaceAll("-", "").slice(0, 16);
  return { httpStatus: undefined, requestId, isFunctionError: false };
}

/** Convex's own status for "your function threw"; the body is as with 200. */
const STATUS_FUNCTION_FAILED = 560;

const functionAnswerSchema = z.union([
  z.object({ status: z.literal("success"), value: z.json() }),
  z.object({
    status: z.literal("error"),
    errorMessage: z.string(),
    errorData: z.json().optional(),
  }),
]);

/** The backend's refusals of a request. */
const refusalSchema = z.object({ code: z.string(), message: z.string().optional() });

/** Convex's own client for one request, which is made as {@link exchangingFetch} says. */
export function clientOver(url: string, exchange: Exchange): ConvexHttpClient {
  return new ConvexHttpClient(url, {
    fetch: exchangingFetch(exchange),
    skipConvexDeploymentUrlCheck: true,
    logger: false,
  });
}

/**
 * One HTTP request, as a `fetch` for `ConvexHttpClient`: with the token, a limit to the answer's size, and errors that keep the
 * status. An answer that is not the backend's is an error.
 */
function exchangingFetch(exchange: Exchange): typeof globalThis.fetch {
  return async (input, init) => {
    const { status, text, headers } = await send(exchange, input, init);
    exchange.answer.httpStatus = status;
    exchange.answer.requestId = headers.get("convex-request-id") ?? exchange.answer.requestId;
    const isAnswer = (status >= 200 && status < 300) || status === STATUS_FUNCTION_FAILED;
    if (!isAnswer) throw errorOfStatus(exchange, { status, text, headers });
    const answer = functionAnswerSchema.safeParse(parseJson(text));
    if (!answer.success)
      throw new BackendUnavailableError(
        "body",
        `the answer is not a Convex backend's: ${excerpt(exchange, text)}`,
        exchange.answer,
      );
    exchange.answer.isFunctionError = answer.data.status === "error";
    return new Response(text, { status });
  };
}

type Received = { status: number; text: string; headers: Headers };

async function send(
  exchange: Exchange,
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<Received> {
  const headers = new Headers(init?.headers);
  headers.set("Convex-Request-Id", exchange.answer.requestId);
  if (exchange.token !== null) headers.set("Authorization", `Bearer ${exchange.token}`);
  const { signal } = exchange;
  try {
    // A redirect that is followed would carry the token to wherever it points.
    const response = await exchange.fetch(input, { ...init, headers, redirect: "manual", signal });
    exchange.answer.httpStatus = response.status;
    return {
      status: response.status,
      text: await readText(response, exchange),
      headers: response.headers,
    };
  } catch (error) {
    throw error instanceof KlipstreamError ? error : connectionError(exchange, error);
  }
}

/** Reads a body, up to the limit. */
async function readText({ body }: Response, { answer }: Exchange): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, and with it the connection.
    if (bytes > ANSWER_MAX_BYTES)
      throw new BackendUnavailableError(
        "body",
        `the answer is longer than ${ANSWER_MAX_BYTES} bytes`,
        answer,
      );
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function connectionError(exchange: Exchange, error: unknown): BackendUnavailableError {
  const { answer, redactor } = exchange;
  const wasCut = answer.httpStatus !== undefined;
  const why = redactor.text(describeConnectionFailure(error));
  return new BackendUnavailableError(
    wasCut ? "body" : "connection",
    wasCut ? `the answer was cut: ${why}` : `no connection: ${why}`,
    { ...answer, cause: error },
  );
}

/** undici says "fetch failed" and keeps the reason in the cause. */
function describeConnectionFailure(error: unknown): string {
  if (!(error instanceof Error)) return "unknown reason";
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return cause.message === "" ? (code ?? error.message) : cause.message;
}

function errorOfStatus(exchange: Exchange, { status, text, headers }: Received): KlipstreamError {
  const details = exchange.answer;
  const { data: refusal } = refusalSchema.safeParse(parseJson(text));
  const what = `HTTP ${status}: ${excerpt(exchange, refusal?.message ?? refusal?.code ?? text)}`;
  if (status === 401 || (refusal !== undefined && isAboutCredentials(refusal.code)))
    return new CredentialsRefusedError("UNAUTHENTICATED", what, details);
  if (status >= 300 && status < 400)
    return new BackendUnavailableError(
      "status",
      `HTTP ${status}: redirects are refused, as the token must not follow them; set the deployment's own address`,
      details,
    );
  const retryAfterMs = readRetryAfter(headers.get("retry-after"), exchange.clock.now());
  if (isRetryableStatus(status) || status >= 500)
    return new BackendUnavailableError("status", what, { ...details, retryAfterMs });
  // The backend has a form for refusals. Another form comes from something in between: a portal, a proxy.
  if (refusal === undefined) return new BackendUnavailableError("body", what, details);
  return new RequestRefusedError(what, details);
}

/** `InvalidAuthHeader`, `NoAuthProvider`, `Unauthenticated`: they come with 401, or with 400 where the header cannot be read. */
function isAboutCredentials(code: string): boolean {
  return /auth/i.test(code);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says then that the answer is not the backend's.
    return undefined;
  }
}

/** Seconds or an HTTP date, in milliseconds from now, clamped. */
function readRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const seconds = Number(value);
  const delayMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isFinite(delayMs) ? clampRetryAfter(delayMs) : undefined;
}

function excerpt({ redactor }: Exchange, text: string): string {
  const line = redactor.text(text.replace(/\s+/g, " ").trim());
  if (line === "") return "empty body";
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
