import { zodToConvex } from "convex-helpers/server/zod4";
import { z } from "zod";

import { ERROR_CODES, type ErrorCode } from "./errorCodes.ts";

export const errorCodeSchema = z.enum(ERROR_CODES);
export const vErrorCode = zodToConvex(errorCodeSchema);

/** One thing that is wrong with an argument: where (`urls.chatUrl`, empty for the whole) and what. */
export const issueSchema = z.strictObject({ path: z.string(), message: z.string() });
export type Issue = z.infer<typeof issueSchema>;

const errorDataSchema = z.looseObject({
  code: errorCodeSchema,
  message: z.string(),
  issues: z.array(issueSchema).optional(),
});

/** The data of the `ConvexError` that carries an expected failure over the wire. */
export type ErrorData = {
  code: ErrorCode;
  message: string;
  /** Only with `INVALID_ARGUMENT`. */
  issues?: Issue[];
};

/** Whether the data of a `ConvexError` is this contract's: another app's, or a newer backend's code, is not. */
export function isErrorData(data: unknown): data is ErrorData {
  return errorDataSchema.safeParse(data).success;
}
