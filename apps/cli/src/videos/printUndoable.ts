import type { Cli } from "../command/command.ts";
import { formatTime } from "../output/text.ts";
import { connectBackend } from "../deployment/connectBackend.ts";

/** Says which status change a rollback would undo. */
export async function printUndoable(cli: Cli, twitchId: string): Promise<void> {
  const { integration } = connectBackend(cli.context);
  const { page } = await integration.history(twitchId);
  const change = page.find(
    ({ kind, applied, undone, from }) =>
      kind === "updated" && applied && undone !== true && from !== undefined,
  );
  cli.output.data(
    change === undefined
      ? `${twitchId}: nothing to roll back`
      : `${twitchId}: ${change.to ?? "?"} -> ${change.from ?? "?"} (undoing the change of ${formatTime(change.occurredAt)} by ${change.actor})`,
  );
  cli.output.talk("dry run: nothing was changed");
}
