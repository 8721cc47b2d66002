import type { DeadLetter, Entry } from "@klipstream/client";

import type { Column } from "../output/table.ts";
import { formatDuration } from "../output/text.ts";

/** What an entry asks of the backend, in words. */
export function describeContent({ content }: Pick<DeadLetter, "content">): string {
  if (content === null) return "damaged";
  if (content.kind === "rollback") return "rollback";
  const { status, urls } = content.update;
  return [...(status === undefined ? [] : [status]), ...Object.keys(urls ?? {})].join(", ");
}

/** The columns of a list of pending entries. */
export function entryColumns(now: number): Column<Entry>[] {
  return [
    { header: "ENTRY", value: ({ seq }) => String(seq) },
    { header: "VIDEO", value: ({ twitchId }) => twitchId },
    { header: "WAITS FOR", value: ({ acceptedAt }) => formatDuration(now - acceptedAt) },
    { header: "FAILURES", value: ({ failures }) => String(failures) },
    { header: "UPDATE", value: describeContent, shrink: "end" },
  ];
}

/** The columns of a list of dead letters. */
export function deadLetterColumns(now: number): Column<DeadLetter>[] {
  return [
    { header: "ENTRY", value: ({ seq }) => String(seq) },
    { header: "VIDEO", value: ({ twitchId }) => twitchId },
    { header: "REFUSED", value: ({ refusedAt }) => `${formatDuration(now - refusedAt)} ago` },
    { header: "UPDATE", value: describeContent, shrink: "end" },
    { header: "WHY", value: ({ refusal }) => `${refusal.code}: ${refusal.message}`, shrink: "end" },
  ];
}
