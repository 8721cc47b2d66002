import { zodToConvex } from "convex-helpers/server/zod4";
import { z } from "zod";

/** What a service account may be allowed to do. */
export const SCOPES = ["videos:read", "videos:write"] as const;

export type Scope = (typeof SCOPES)[number];

export const scopeSchema = z.enum(SCOPES);
export const vScope = zodToConvex(scopeSchema);

/** Who acts where a deployment lets callers in without a token; no account can have this name. */
export const ANONYMOUS = "anonymous";

/** Without underscores: they separate the parts of a key. */
const ACCOUNT_NAME_PATTERN = /^[a-z0-9][a-z0-9.-]{0,62}$/;

/** The name of a service account: what its keys begin with, and what events name as their actor. */
export const accountNameSchema = z
  .string()
  .regex(
    ACCOUNT_NAME_PATTERN,
    "must be 1 to 63 lower-case letters, digits, dots or dashes, and begin with a letter or digit",
  )
  .refine((name) => name !== ANONYMOUS, "must not be the name of callers without a token");
