import type { Reasons } from "./coverageDocument.ts";

/** An entry for a file stands before that of its folder. */
export const REASONS: Reasons = {
  "apps/dashboard/src/": "runs in a browser: `tests/dashboard`",
};
