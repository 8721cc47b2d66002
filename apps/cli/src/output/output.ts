import type { CliContext } from "../context.ts";
import { type Paint, painterFor } from "./text.ts";

/** Where a command prints: data on stdout, talk on stderr, so that a pipe carries data only. */
export type Output = {
  /** Lines of data, for people. */
  data: (...lines: string[]) => void;
  /** Data for programs: one document. */
  json: (value: unknown) => void;
  /** Data for programs: one line of a stream of documents (`--watch`). */
  jsonLine: (value: unknown) => void;
  /** Columns of the terminal that data goes to; null where it goes elsewhere, and nothing needs to be cut. */
  width: number | null;
  /** What the program has to say about what it does. */
  talk: (...lines: string[]) => void;
  paintData: Paint;
  paintTalk: Paint;
};

export function createOutput({ stdout, stderr, environment }: CliContext): Output {
  const write = (stream: CliContext["stdout"], lines: readonly string[]) => {
    if (lines.length > 0) stream.write(`${lines.join("\n")}\n`);
  };
  return {
    data: (...lines) => write(stdout, lines),
    json: (value) => write(stdout, [JSON.stringify(value, null, 2)]),
    jsonLine: (value) => write(stdout, [JSON.stringify(value)]),
    width: stdout.isTTY === true ? (stdout.columns ?? 80) : null,
    talk: (...lines) => write(stderr, lines),
    paintData: painterFor(stdout, environment),
    paintTalk: painterFor(stderr, environment),
  };
}
