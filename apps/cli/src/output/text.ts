import { stripVTControlCharacters, styleText } from "node:util";

import type { CliContext } from "../context.ts";

export type Tone = "good" | "bad" | "warn" | "quiet" | "strong";

const FORMATS = {
  good: "green",
  bad: "red",
  warn: "yellow",
  quiet: "dim",
  strong: "bold",
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

/** Colours text, or returns it as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** A {@link Paint} for one stream: colour only on a terminal that wants it (`NO_COLOR`, `TERM=dumb`). */
export function painterFor(
  stream: CliContext["stdout"],
  environment: CliContext["environment"],
): Paint {
  const noColor = environment["NO_COLOR"] !== undefined && environment["NO_COLOR"] !== "";
  const wanted = stream.isTTY === true && !noColor && environment["TERM"] !== "dumb";
  return wanted
    ? (tone, text) => styleText(FORMATS[tone], text, { validateStream: false })
    : (_tone, text) => text;
}

/** Text that others wrote, on one line and without control characters: a title must not move the cursor. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it removes
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}

/** `2026-11-23 00:22:15Z`: sortable, and says its time zone. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** A text in quotes, as a POSIX shell reads it back. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
