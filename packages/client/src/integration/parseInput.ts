import { checkInput } from "@klipstream/contract";
import type { z } from "zod";

import { InvalidInputError } from "../errors.ts";

/** @throws InvalidInputError with every issue. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown): T {
  const checked = checkInput(schema, value);
  if (!checked.ok) throw new InvalidInputError(checked.issues);
  return checked.value;
}
