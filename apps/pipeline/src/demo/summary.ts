import { ARTIFACT_URL_FIELDS } from "@klipstream/contract";
import Table from "cli-table3";

import { countRollbacks, type Evidence } from "./expectations.ts";

const HEAD = [
  "video",
  "Twitch ID",
  "status",
  "URLs",
  "events",
  "rollbacks",
  "updates that had to wait",
];
const BORDERLESS = Object.fromEntries(
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid"
    .split(" ")
    .map((part) => [part, ""]),
);

/** The table at the end of the demo: one row per VOD. */
export function summaryTable(evidence: readonly Evidence[]): string {
  const table = new Table({
    head: HEAD,
    chars: { ...BORDERLESS, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colAligns: ["left", "left", "left", "right", "right", "right", "right"],
  });
  table.push(...evidence.map(row));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function row({ planned, video, artifacts, events, run }: Evidence): string[] {
  const good = ARTIFACT_URL_FIELDS.filter((field) => artifacts[field] === null).length;
  return [
    planned.name,
    planned.vod.twitchId,
    video?.status ?? "missing",
    `${good}/${ARTIFACT_URL_FIELDS.length}`,
    String(events.length),
    String(countRollbacks(events)),
    String(run.waited),
  ];
}
