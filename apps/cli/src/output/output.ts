import type { CliContext } from "../context.ts";
import { type Paint, painterFor } from "./text.ts";

/** Where a command prints: data on stdout and messages on stderr, so that a pipe gets data only. */
export type Output = {
  /** Lines of data, for people. */
  data: (...lines: string[]) => void;
  /** Data for programs: one document. */
  json: (value: unknown) => void;
  /** Data for programs: one line of a stream of documents (`--watch`). */
  jsonLine: (value: unknown) => void;
  /** The width of the terminal that data goes to, in columns. Null where data goes elsewhere: then nothing is cut. */
  width: number | null;
  /** Messages about what the program does. */
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
