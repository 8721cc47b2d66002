import {
  argumentObject,
  canonicalFunctionPath,
  functionRequest,
  parseJsonBody,
  readText,
  type Received,
  requireFormat,
  runRequest,
  badRequest,
  type ValueFormat,
} from "@klipstream/local-deployment/wire";
import { jsonToConvex, type JSONValue, type Value } from "convex/values";

/** Larger than any call that the relay answers for; Convex's own limit is 16 MiB. */
export const CALL_MAX_BYTES = 16 * 1024 * 1024;

/** A call of a Convex function, as it came in. */
export type FunctionCall<Body = string | undefined> = {
  /** In its one spelling, `video:updateStatus`. */
  path: string;
  args: Record<string, Value>;
  format: ValueFormat;
  /** The request's body, for a call that somebody else answers; undefined where the call is in the address. */
  body: Body;
};

/**
 * Reads a call from `/api/mutation`, `/api/query` or, with its path in the address, `/api/run`.
 *
 * @param segments - What follows `/api/run/`, or null.
 * @throws RequestError as the backend would.
 */
export async function readCall(
  request: Received,
  segments: string | null,
): Promise<FunctionCall<string>> {
  const body = await readText(request, CALL_MAX_BYTES);
  if (segments === null) return callOf(parseJsonBody(body, functionRequest), body);
  const cut = segments.lastIndexOf("/");
  if (cut < 1) throw badRequest("MissingIdentifier", "Use /api/run/<module>/<function>.");
  const path = `${segments.slice(0, cut)}:${segments.slice(cut + 1)}`;
  return callOf({ path, ...parseJsonBody(body, runRequest) }, body);
}

/** Reads a call from the address of a `GET /api/query`. */
export function readQueryCall({ searchParams: search }: URL): FunctionCall {
  const path = search.get("path");
  if (path === null) throw badRequest("MissingIdentifier", "The parameter path is missing.");
  const args = parseJsonBody(search.get("args") ?? "{}", functionRequest.shape.args);
  return callOf({ path, args, format: search.get("format") }, undefined);
}

type Asked = {
  path: string;
  args: Parameters<typeof argumentObject>[0];
  format?: string | null | undefined;
};

function callOf<Body>({ path, args, format }: Asked, body: Body): FunctionCall<Body> {
  return {
    path: canonicalFunctionPath(path),
    args: jsonToConvex(argumentObject(args) as JSONValue) as Record<string, Value>,
    format: requireFormat(format),
    body,
  };
}
