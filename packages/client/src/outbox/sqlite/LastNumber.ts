import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";

/** A number of a source; see `Entry.source`. */
export type SourceNumber = { sourceId: string; sequence: number };

const LINE_LENGTH = 128;

/**
 * The number of the newest entry, kept beside the outbox file. It shows when entries have vanished from that: with a removed
 * write-ahead log, or with the whole file. Nobody waits until it is on disk, so after a power cut it may be too low, and a loss go
 * unnoticed.
 */
export class LastNumber {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null when there is none, or none that can be read. */
  read(): SourceNumber | null {
    let line;
    try {
      line = readFileSync(this.#path, "latin1");
    } catch {
      // A new outbox.
      return null;
    }
    const [, sourceId, digits] = /^(\S{1,64}) (\d{1,16}) *\n$/.exec(line) ?? [];
    const sequence = Number(digits);
    return sourceId === undefined || !Number.isSafeInteger(sequence)
      ? null
      : { sourceId, sequence };
  }

  write({ sourceId, sequence }: SourceNumber): void {
    const line = `${`${sourceId} ${sequence}`.padEnd(LINE_LENGTH - 1)}\n`;
    try {
      this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
      writeSync(this.#file, line, 0, "latin1");
    } catch {
      // The entry itself is safe; only a later loss would go unnoticed.
      this.close();
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
