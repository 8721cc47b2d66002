import { hostname, userInfo } from "node:os";

import type { CliContext } from "../context.ts";

/** Who the audit names: `KLIPSTREAM_OPERATOR`, else this user on this machine. It is what is said, not what is proven. */
export function operatorName({ environment }: CliContext): string {
  return environment["KLIPSTREAM_OPERATOR"] ?? `${userInfo().username}@${hostname()}`;
}
