import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { describeFailure } from "../command/describeFailure.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { printable } from "../output/text.ts";
import { smoke, type SmokeStep } from "./scratchLife.ts";

const TONES = { ok: "good", warning: "warn", failed: "bad" } as const;

export const defineSmoke: DefineCommand = (command, cli) =>
  command
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream smoke", "prove that the configured deployment does its whole job"]) +
        "\n\nWorks on a video of its own (a Twitch ID with a leading zero, which Twitch never issues) and removes it.",
    )
    .action(async ({ json }) => {
      const steps = await smoke(cli.context, (step) => {
        if (json !== true) printStep(cli, step);
      });
      const failure = steps.find(({ result }) => result === "failed");
      const totalMs = Math.round(steps.reduce((sum, { durationMs }) => sum + durationMs, 0));
      if (json === true)
        cli.output.json({
          ok: failure === undefined,
          totalMs,
          steps: steps.map(({ error: _error, ...step }) => step),
        });
      else
        cli.output.data(
          `${failure === undefined ? "ok" : "FAILED"}: ${steps.length} steps in ${totalMs} ms`,
        );
      if (failure === undefined) return;
      const { exitCode, remedy } = describeFailure(failure.error);
      if (remedy !== null) cli.output.talk(`  -> ${remedy}`);
      cli.exitCode = exitCode === EXIT_CODES.USAGE ? EXIT_CODES.FAILED : exitCode;
    });

function printStep({ output }: Cli, { step, result, detail, durationMs }: SmokeStep): void {
  const mark = output.paintData(TONES[result], (result === "failed" ? "FAILED" : result).padEnd(8));
  output.data(
    `${mark} ${step.padEnd(18)} ${`${durationMs.toFixed(1)} ms`.padStart(10)}  ${printable(detail)}`,
  );
}
