/** The messages of the WebSocket. The client's side of them: `browser/sync/protocol.ts` of the `convex` package. */
import { z } from "zod";

import type { CallOutcome } from "../engine/callsAndOutcomes.ts";
import { serverError } from "../requestError.ts";
import { encodeTimestamp } from "./timestamps.ts";

const version = z.number().int().nonnegative();
const encodedArgs = z.array(z.unknown());

const connect = z.looseObject({
  type: z.literal("Connect"),
  sessionId: z.string(),
  maxObservedTimestamp: z.string().nullish(),
});
const modifyQuerySet = z.looseObject({
  type: z.literal("ModifyQuerySet"),
  baseVersion: version,
  newVersion: version,
  modifications: z.array(
    z.discriminatedUnion("type", [
      z.looseObject({
        type: z.literal("Add"),
        queryId: version,
        udfPath: z.string(),
        componentPath: z.string().nullish(),
        args: encodedArgs,
        journal: z.string().nullish(),
      }),
      z.looseObject({ type: z.literal("Remove"), queryId: version }),
    ]),
  ),
});
const runFunction = {
  requestId: version,
  udfPath: z.string(),
  componentPath: z.string().nullish(),
  args: encodedArgs,
};
const mutation = z.looseObject({ type: z.literal("Mutation"), ...runFunction });
const action = z.looseObject({ type: z.literal("Action"), ...runFunction });
const authenticate = z.looseObject({
  type: z.literal("Authenticate"),
  baseVersion: version,
  tokenType: z.enum(["User", "Admin", "None"]),
  value: z.string().optional(),
  impersonating: z.record(z.string(), z.unknown()).nullish(),
});
const event = z.looseObject({ type: z.literal("Event") });

export const clientMessage = z.discriminatedUnion("type", [
  connect,
  modifyQuerySet,
  mutation,
  action,
  authenticate,
  event,
]);
export type ClientMessage = z.infer<typeof clientMessage>;
export type ModifyQuerySet = z.infer<typeof modifyQuerySet>;
export type RunFunction = z.infer<typeof mutation> | z.infer<typeof action>;
export type Authenticate = z.infer<typeof authenticate>;

/** How far a socket has been told: its query set, its identity, and the time of what it has seen. */
export type StateVersion = { querySet: number; identity: number; ts: bigint };

export type QueryResult = { outcome: CallOutcome; requestId: string; journal: string | null };

export const PING = '{"type":"Ping"}';

export function fatalError(error: string): string {
  return JSON.stringify({ type: "FatalError", error });
}

export function authError(
  error: string,
  { baseVersion, isAttempt }: { baseVersion: number; isAttempt: boolean },
): string {
  return JSON.stringify({ type: "AuthError", error, baseVersion, authUpdateAttempted: isAttempt });
}

/** @param modifications each as the text that `queryModification` or `queryRemoved` makes. */
export function transition(
  start: StateVersion,
  end: StateVersion,
  modifications: readonly string[],
): string {
  return `{"type":"Transition","startVersion":${encodeVersion(start)},"endVersion":${encodeVersion(end)},"modifications":[${modifications.join(",")}]}`;
}

export function queryRemoved(queryId: number): string {
  return JSON.stringify({ type: "QueryRemoved", queryId });
}

export function queryModification(queryId: number, result: QueryResult): string {
  const { outcome, requestId, journal } = result;
  const rest = `"logLines":${JSON.stringify(outcome.logLines)},"journal":${JSON.stringify(journal)}`;
  if (outcome.ok)
    return `{"type":"QueryUpdated","queryId":${queryId},"value":${outcome.value},${rest}}`;
  const message = JSON.stringify(serverError(requestId, outcome));
  return `{"type":"QueryFailed","queryId":${queryId},"errorMessage":${message}${errorData(outcome)},${rest}}`;
}

export function functionResponse(
  type: "MutationResponse" | "ActionResponse",
  clientRequestId: number,
  { outcome, requestId }: { outcome: CallOutcome; requestId: string },
): string {
  const head = `{"type":"${type}","requestId":${clientRequestId},"success":${outcome.ok}`;
  const logLines = `"logLines":${JSON.stringify(outcome.logLines)}`;
  const isMutation = type === "MutationResponse";
  if (outcome.ok) {
    const ts = isMutation ? `,"ts":"${encodeTimestamp(outcome.ts)}"` : "";
    return `${head},"result":${outcome.value}${ts},${logLines}}`;
  }
  const message = JSON.stringify(serverError(requestId, outcome));
  return `${head},"result":${message}${isMutation ? ',"ts":null' : ""}${errorData(outcome)},${logLines}}`;
}

function errorData(outcome: CallOutcome): string {
  return outcome.ok || outcome.data === undefined ? "" : `,"errorData":${outcome.data}`;
}

function encodeVersion({ querySet, identity, ts }: StateVersion): string {
  return JSON.stringify({ querySet, identity, ts: encodeTimestamp(ts) });
}
