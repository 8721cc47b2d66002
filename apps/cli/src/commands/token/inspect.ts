import type { DefineCommand } from "../../commandTree.ts";
import { readCredential } from "../../config/credential.ts";
import { examples } from "../../examples.ts";
import { EXIT_CODES } from "../../exitCodes.ts";
import { reportOnCredential, type TokenReport } from "../../keys/tokenReport.ts";
import { formatDuration, formatTime, printable } from "../../output/text.ts";

export const defineTokenInspect: DefineCommand = (command, cli) =>
  command
    .argument("[file]", "a file with the token or key (- = stdin); else CONVEX_API_KEY")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream token inspect",
          "what this shell's CONVEX_API_KEY is, and whether it can work",
        ],
        ["klipstream token inspect raw.key", "the same for a file"],
        ["klipstream token mint | klipstream token inspect -", "the same for a token"],
      ) +
        "\n\nExits 1 where a backend would refuse it. Only decodes: `klipstream doctor` asks the backend.",
    )
    .action(async (file, { json }) => {
      const { context, output } = cli;
      const now = context.now();
      const report = reportOnCredential(await readCredential(file, context), now);
      if (json === true) output.json(report);
      else {
        for (const [label, value] of describeReport(report, now))
          output.data(`${label.padEnd(12)}${printable(value)}`);
        for (const { message, remedy } of report.problems)
          output.talk(
            `${output.paintTalk("bad", "problem:")} ${printable(message)}`,
            `  -> ${remedy}`,
          );
      }
      cli.exitCode = report.problems.length === 0 ? EXIT_CODES.DONE : EXIT_CODES.FAILED;
    });

function describeReport(report: TokenReport, now: number): [label: string, value: string][] {
  const { expiresAt, issuedAt } = report;
  const expiry =
    expiresAt === null
      ? "never"
      : `${formatTime(expiresAt)} (${
          expiresAt > now
            ? `in ${formatDuration(expiresAt - now)}`
            : `${formatDuration(now - expiresAt)} ago`
        })`;
  const lines: [string, string | null][] = [
    ["kind", report.kind],
    ["subject", report.subject],
    ["scope", report.scope],
    ["generation", report.generation === null ? null : String(report.generation)],
    ["issuer", report.issuer],
    ["audience", report.audience],
    ["key id", report.kid],
    ["algorithm", report.algorithm],
    ["issued", issuedAt === null ? null : formatTime(issuedAt)],
    ["expires", report.subject === null ? null : expiry],
  ];
  return lines.flatMap(([label, value]) => (value === null ? [] : [[label, value]]));
}
