import { durationOption } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { explainQueued, withManager } from "../deployment/openManager.ts";

const DEFAULT_TIMEOUT = "30s";

export const defineOutboxDrain: DefineCommand = (command, cli) =>
  command
    .addOption(durationOption("--timeout <time>", "how long to try", DEFAULT_TIMEOUT))
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream outbox drain --timeout 5m",
        "deliver what waits for the configured deployment",
      ]) + "\n\nExits 3 when something still waits, 4 when the credentials are refused.",
    )
    .action(({ timeout, json }) =>
      withManager(cli.context, { waitMs: 0 }, async ({ manager, news }) => {
        const before = manager.stats();
        const { delivered } = await manager.flush({ timeoutMs: timeout });
        const after = manager.stats();
        const result = {
          delivered: after.acknowledged - before.acknowledged,
          pending: after.pending,
          deadLettered: after.deadLettered - before.deadLettered,
        };
        if (json === true) cli.output.json(result);
        else
          cli.output.data(
            `${result.delivered} delivered, ${result.pending} pending, ${result.deadLettered} refused for good`,
          );
        if (!delivered) explainQueued(cli, news);
      }),
    );
