/** The bodies of `/api/query`, `/api/mutation`, `/api/action`, `/api/function` and their relatives. */
import { z } from "zod";

import type { CallOutcome } from "../engine/callsAndOutcomes.ts";
import { badRequest, serverError } from "../requestError.ts";
import { inFormat, valueFormat, type ValueFormat } from "./values.ts";

const args = z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]);

export const functionRequest = z.looseObject({
  path: z.string(),
  args,
  format: z.string().nullish(),
  componentPath: z.string().nullish(),
});
export const runRequest = z.looseObject({ args: args.default({}), format: z.string().nullish() });
export const queryAtRequest = functionRequest.extend({ ts: z.string() });
export const queryBatchRequest = z.looseObject({ queries: z.array(functionRequest) });

/** The arguments of a request: one object. The JavaScript client sends an array of it. */
export function argumentObject(given: z.infer<typeof args>): object {
  if (!Array.isArray(given)) return given;
  const [first = {}] = given;
  if (given.length > 1 || typeof first !== "object" || first === null || Array.isArray(first))
    throw badRequest("BadQueryArgs", "The arguments of a Convex function must be one object.");
  return first;
}

/** @throws RequestError `BadFormat` */
export function requireFormat(name: string | null | undefined): ValueFormat {
  const format = valueFormat(name);
  if (format !== null) return format;
  throw badRequest(
    "BadFormat",
    `format param must be one of [\`json\`, \`convex_encoded_json\`]. Got ${String(name)}`,
  );
}

/** The body that answers for a function, whether it succeeded or failed. */
export function functionResponse(
  requestId: string,
  outcome: CallOutcome,
  format: ValueFormat,
): string {
  const logLines =
    outcome.logLines.length > 0 ? `,"logLines":${JSON.stringify(outcome.logLines)}` : "";
  if (outcome.ok)
    return `{"status":"success","value":${inFormat(outcome.value, format)}${logLines}}`;
  const message = JSON.stringify(serverError(requestId, outcome));
  const data = outcome.data === undefined ? "" : `,"errorData":${inFormat(outcome.data, format)}`;
  return `{"status":"error","errorMessage":${message}${data}${logLines}}`;
}
