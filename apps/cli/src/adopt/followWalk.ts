import { setTimeout } from "node:timers/promises";

import { z } from "zod";

import { CliError } from "../command/cliError.ts";
import type { Cli } from "../command/command.ts";
import type { AdminClient } from "../deployment/adminClient.ts";

const LOOK_EVERY_MS = 500;
/** The deployment runs a batch in well under a second. After this long without one, the walk has ended early. */
const SILENT_FOR_MS = 30_000;

const stateSchema = z.object({
  direction: z.string(),
  state: z.enum(["running", "stopped", "done"]),
  changed: z.number(),
  unchanged: z.number(),
  failed: z.number(),
  problems: z.array(z.object({ id: z.string(), message: z.string() })),
  changedAt: z.number(),
});
export type WalkState = z.infer<typeof stateSchema>;

/**
 * Prints how far the deployment's walk is, until it is over. The walk does not need this program.
 *
 * @throws CliError when the walk stands still, or the deployment cannot be reached.
 */
export async function followWalk({ output }: Cli, admin: AdminClient): Promise<WalkState> {
  let said = "";
  let [lastChangedAt, lastSeenAt] = [0, performance.now()];
  for (;;) {
    const state = stateSchema.parse(await admin.run("adoption:state", {}));
    const line = `${state.state}: ${state.changed} changed, ${state.unchanged} as they were, ${state.failed} left as they are`;
    if (line !== said) output.talk(line);
    said = line;
    if (state.state !== "running") {
      output.talk(...state.problems.map(({ id, message }) => `${id}: ${message}`));
      return state;
    }
    if (state.changedAt !== lastChangedAt)
      [lastChangedAt, lastSeenAt] = [state.changedAt, performance.now()];
    if (performance.now() - lastSeenAt > SILENT_FOR_MS)
      throw new CliError("the walk stands still", { remedy: "run the same command again" });
    await setTimeout(LOOK_EVERY_MS);
  }
}
