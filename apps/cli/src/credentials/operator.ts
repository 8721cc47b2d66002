import { hostname, userInfo } from "node:os";

import type { CliContext } from "../context.ts";

/** What the help says of every command that uses the operator's key. */
export const OPERATORS_KEY =
  "\n\nUses the operator's key, as `npx convex run` does: CONVEX_SELF_HOSTED_ADMIN_KEY or CONVEX_DEPLOY_KEY, from the" +
  "\nenvironment, .env.local or .env. The audit names KLIPSTREAM_OPERATOR, else this user on this machine.";

/** Who the audit names: `KLIPSTREAM_OPERATOR`, else this user on this machine. Nobody proves this name. */
export function operatorName({ environment }: CliContext): string {
  return environment["KLIPSTREAM_OPERATOR"] ?? `${userInfo().username}@${hostname()}`;
}
