import type { Configuration } from "@klipstream/client";

import type { TokenReport } from "./tokenReport.ts";
import { formatDuration, formatTime } from "../output/text.ts";
import { failed, type Finding, ok, warning } from "./diagnosis.ts";

/** An HTTP date has no fractions of a second, and nothing depends on a few of them. */
const CLOCK_WARNED_MS = 6000;

/** Where each setting comes from; never what it is. */
export function describeSources(configuration: Configuration): string {
  return Object.values(configuration)
    .map(({ name, source, value }) => `${name}: ${value === undefined ? "not set" : source}`)
    .join(", ");
}

/** @param offsetMs - The server's clock minus this machine's. */
export function describeClock(offsetMs: number): Finding {
  const away = Math.abs(offsetMs);
  if (away < CLOCK_WARNED_MS) return ok("within seconds of the deployment's");
  const detail = `this machine's clock is ${formatDuration(away)} ${offsetMs < 0 ? "ahead of" : "behind"} the deployment's`;
  return warning(
    detail,
    "set the clock (timedatectl set-ntp true): it decides when an update is said to have happened",
  );
}

/** @param name - Where the credential comes from: `CONVEX_API_KEY`. */
export function describeCredential(report: TokenReport, name: string): Finding {
  const [problem] = report.problems;
  if (problem !== undefined)
    return failed(`${name} cannot work: ${problem.message}`, problem.remedy);
  const { kind, account, keyId, expiresAt } = report;
  const parts = [
    `${kind} of ${account ?? "?"}`,
    ...(keyId === null ? [] : [`id ${keyId}`]),
    ...(expiresAt === null ? [] : [`until ${formatTime(expiresAt)}`]),
  ];
  return ok(parts.join(", "));
}
