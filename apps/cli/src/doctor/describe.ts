import type { Configuration } from "@klipstream/client";

import type { TokenReport } from "../keys/tokenReport.ts";
import { formatDuration, formatTime } from "../output/text.ts";
import { failed, type Finding, ok, warning } from "./diagnosis.ts";

/** Tokens are minted 30 s in the past, so a clock may be that far ahead. */
const CLOCK_FAILED_MS = 25_000;
/** The backend tolerates 5 s, and an HTTP date has no fractions of a second. */
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
  const remedy = "set the clock (timedatectl set-ntp true): tokens of the wrong time are refused";
  return away >= CLOCK_FAILED_MS ? failed(detail, remedy) : warning(detail, remedy);
}

/** @param name - Where the credential comes from: `CONVEX_API_KEY`. */
export function describeCredential(report: TokenReport, name: string): Finding {
  const [problem] = report.problems;
  if (problem !== undefined)
    return failed(`${name} cannot work: ${problem.message}`, problem.remedy);
  const parts = [
    `issuer ${report.issuer ?? "?"}`,
    `audience ${report.audience ?? "?"}`,
    `scope ${report.scope ?? "?"}`,
    `generation ${report.generation ?? "?"}`,
    report.expiresAt === null ? "no expiry" : `until ${formatTime(report.expiresAt)}`,
  ];
  return ok(`${report.kind} of ${report.subject ?? "?"}: ${parts.join(", ")}`);
}
