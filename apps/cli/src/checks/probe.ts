import { isErrorData, type ErrorData } from "@klipstream/contract";
import { z } from "zod";

import type { CliContext } from "../context.ts";
import { functionAnswerSchema, parseJson } from "../deployment/answers.ts";

/** The result of one raw HTTP call of a function: the doctor looks at what the client's errors hide. */
export type Probe =
  | { kind: "unreachable"; why: string }
  | { kind: "foreign"; httpStatus: number }
  | {
      kind: "answer";
      httpStatus: number;
      /** The server's clock at the middle of the exchange minus this machine's, in ms; null where it said none. */
      clockOffsetMs: number | null;
      answer: FunctionAnswer;
    };

export type FunctionAnswer =
  | { result: "value"; value: unknown }
  /** An expected failure of this project's backend. */
  | { result: "refused"; data: ErrorData }
  /** The backend refused the credentials before any function ran. */
  | { result: "unauthorized"; message: string }
  /** Any other failure: the function is missing, is another one, or threw. */
  | { result: "error"; message: string };

export type ProbeCall = {
  url: string;
  kind: "query" | "mutation" | "action";
  path: string;
  args: Record<string, unknown>;
  token?: string | null;
};

/** No video has it: a read finds nothing, and a write changes nothing. */
export const UNUSED_TWITCH_ID = "00000000000000000000";

const TIMEOUT_MS = 10_000;

const refusalSchema = z.object({ code: z.string(), message: z.string() });

/** Calls a function once. Never throws. */
export async function probe(call: ProbeCall, context: CliContext): Promise<Probe> {
  const sentAt = context.now();
  let response: Response;
  let text: string;
  try {
    response = await context.fetch(`${call.url}/api/${call.kind}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(call.token == null ? {} : { Authorization: `Bearer ${call.token}` }),
      },
      body: JSON.stringify({ path: call.path, args: call.args, format: "json" }),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    return { kind: "unreachable", why: describeFailure(error) };
  }
  const answer = readAnswer(response.status, text);
  if (answer === null) return { kind: "foreign", httpStatus: response.status };
  const date = Date.parse(response.headers.get("date") ?? "");
  const middle = (sentAt + context.now()) / 2;
  const clockOffsetMs = Number.isNaN(date) ? null : date - middle;
  return { kind: "answer", httpStatus: response.status, clockOffsetMs, answer };
}

function readAnswer(httpStatus: number, text: string): FunctionAnswer | null {
  const json = parseJson(text);
  const envelope = functionAnswerSchema.safeParse(json);
  if (envelope.success) {
    const { data } = envelope;
    if (data.status === "success") return { result: "value", value: data.value };
    if (isErrorData(data.errorData)) return { result: "refused", data: data.errorData };
    return { result: "error", message: data.errorMessage };
  }
  const refusal = refusalSchema.safeParse(json);
  if (!refusal.success) return null;
  const { code, message } = refusal.data;
  if (httpStatus === 401 || httpStatus === 403)
    return { result: "unauthorized", message: `${code}: ${message}` };
  return { result: "error", message: `${code}: ${message}` };
}

function describeFailure(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `no answer within ${TIMEOUT_MS / 1000} s`;
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : null;
  const texts: Record<string, string> = {
    ECONNREFUSED: "nothing listens there (connection refused)",
    ENOTFOUND: "the name is not known (DNS)",
    EAI_AGAIN: "the name cannot be looked up (DNS)",
    ECONNRESET: "the connection was cut",
    ETIMEDOUT: "no connection in time",
  };
  if (code !== null) return texts[code] ?? code;
  if (cause instanceof Error) return cause.message;
  return error instanceof Error ? error.message : "unknown reason";
}
