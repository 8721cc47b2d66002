import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { printable, type Tone } from "../output/text.ts";
import { diagnose } from "./diagnose.ts";
import type { Diagnosis, Finding } from "./diagnosis.ts";

const MARKS: Record<Finding["result"], { word: string; tone: Tone }> = {
  ok: { word: "ok", tone: "good" },
  warning: { word: "warning", tone: "warn" },
  failed: { word: "FAILED", tone: "bad" },
  skipped: { word: "skipped", tone: "quiet" },
};

export const defineDoctor: DefineCommand = (command, cli) =>
  command
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream doctor",
          "say what is wrong between this machine and the deployment, and what to do",
        ],
        ["klipstream doctor && ./start-pipelines.sh", "start only where all is well"],
      ) + "\n\nChanges nothing. Exits 0 when nothing failed, else 1.",
    )
    .action(async ({ json }) => {
      const diagnoses = await diagnose(cli.context);
      const isWell = diagnoses.every(({ result }) => result === "ok" || result === "warning");
      if (json === true) cli.output.json({ ok: isWell, checks: diagnoses });
      else for (const diagnosis of diagnoses) printDiagnosis(cli, diagnosis);
      cli.exitCode = isWell ? EXIT_CODES.DONE : EXIT_CODES.FAILED;
    });

function printDiagnosis({ output }: Cli, diagnosis: Diagnosis): void {
  const { word, tone } = MARKS[diagnosis.result];
  const mark = output.paintData(tone, word.padEnd(8));
  output.data(`${mark} ${diagnosis.check.padEnd(14)} ${printable(diagnosis.detail)}`);
  if ("remedy" in diagnosis)
    output.data(`         ${" ".repeat(14)} -> ${printable(diagnosis.remedy)}`);
}
