import type { CliContext } from "../context.ts";

/** What surrounds this program, in the client's terms. */
export function ambientOf(context: CliContext) {
  return {
    fetch: context.fetch,
    place: { env: { ...context.environment }, cwd: context.folder },
    ...(context.onStep && { onStep: context.onStep }),
  };
}
