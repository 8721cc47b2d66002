import { z } from "zod";

/** What a deployment answers to the call of a function. */
export const functionAnswerSchema = z.union([
  z.object({ status: z.literal("success"), value: z.unknown() }),
  z.object({
    status: z.literal("error"),
    errorMessage: z.string(),
    errorData: z.unknown().optional(),
  }),
]);

/** Reads JSON. Returns undefined for any other text: no schema takes that, so the caller's check fails. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What it is instead, the caller's check says.
    return undefined;
  }
}
