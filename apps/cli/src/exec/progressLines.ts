import { Transform, type TransformCallback } from "node:stream";
import { stripVTControlCharacters } from "node:util";

const PREFIX = Buffer.from("::progress ");
const NEWLINE = 0x0a;
/** A longer line is output that happens to begin like a progress line. */
const LINE_LIMIT_BYTES = 4096;
const LAST_LINE_LIMIT_BYTES = 4096;

export type Progress = { percent: number; message?: string };

/**
 * Passes a command's output through byte for byte, without its progress lines (`::progress 40 message`), which it hands
 * to `onProgress`. Bytes are held back only while they may still become such a line, so prompts and progress bars appear
 * at once. A line that only looks like one (`::progress 140`) is output.
 */
export class ProgressLines extends Transform {
  readonly #onProgress: (progress: Progress) => void;
  /** The start of a line that may be a progress line, or null in the middle of another line. */
  #held: Buffer | null = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #lastLine: string | null = null;

  constructor(onProgress: (progress: Progress) => void) {
    super();
    this.#onProgress = onProgress;
  }

  /** The last line of output that was not blank, without control sequences. */
  get lastLine(): string | null {
    return readable(this.#tail) ?? this.#lastLine;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#held === null ? this.#passLine(rest) : this.#weigh(rest);
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#held !== null && this.#held.length > 0) {
      const progress = parseProgress(this.#held);
      if (progress === null) this.#pass(this.#held);
      else this.#onProgress(progress);
    }
    done();
  }

  /** In the middle of a line: passes it on to its end. Returns what is left. */
  #passLine(bytes: Buffer): Buffer {
    const end = bytes.indexOf(NEWLINE);
    if (end === -1) {
      this.#pass(bytes);
      return bytes.subarray(bytes.length);
    }
    this.#pass(bytes.subarray(0, end + 1));
    this.#held = Buffer.alloc(0);
    return bytes.subarray(end + 1);
  }

  /** At the start of a line: holds it back until it is known what it is. Returns what is left. */
  #weigh(bytes: Buffer): Buffer {
    const line = Buffer.concat([this.#held ?? Buffer.alloc(0), bytes]);
    const start = line.subarray(0, PREFIX.length);
    const mayBeProgress = PREFIX.subarray(0, start.length).equals(start);
    const end = line.indexOf(NEWLINE);
    if (!mayBeProgress || (end === -1 && line.length > LINE_LIMIT_BYTES)) {
      this.#held = null;
      return line;
    }
    if (end === -1) {
      this.#held = line;
      return line.subarray(line.length);
    }
    const progress = parseProgress(line.subarray(0, end));
    if (progress === null) {
      this.#held = null;
      return line;
    }
    this.#onProgress(progress);
    this.#held = Buffer.alloc(0);
    return line.subarray(end + 1);
  }

  #pass(bytes: Buffer): void {
    this.push(bytes);
    const lines = Buffer.concat([this.#tail, bytes]);
    const end = lines.lastIndexOf(NEWLINE);
    if (end !== -1) {
      const whole = lines.subarray(0, end).toString("utf8").split("\n").reverse();
      const last = whole.map((text) => readable(Buffer.from(text))).find((text) => text !== null);
      this.#lastLine = last ?? this.#lastLine;
    }
    // Copied: the chunk it is cut from is not ours to keep.
    this.#tail = Buffer.from(lines.subarray(end + 1).subarray(-LAST_LINE_LIMIT_BYTES));
  }
}

function parseProgress(line: Buffer): Progress | null {
  const match = /^::progress\s+(\d{1,3}(?:\.\d+)?)%?(?:\s+(.*))?$/.exec(
    line.toString("utf8").trimEnd(),
  );
  const percent = Number(match?.[1]);
  if (match === null || percent > 100) return null;
  const message = match[2]?.trim() ?? "";
  return message === "" ? { percent } : { percent, message };
}

function readable(bytes: Buffer): string | null {
  // A progress bar overwrites its line: the last text on it counts.
  const shown = stripVTControlCharacters(bytes.toString("utf8"))
    .split("\r")
    .map((text) => text.trim())
    .findLast((text) => text !== "");
  return shown ?? null;
}
