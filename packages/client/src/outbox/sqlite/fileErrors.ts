import {
  KlipstreamError,
  messageOf,
  OutboxCorruptError,
  OutboxUnwritableError,
} from "../../errors.ts";

/** What stands in an outbox file contradicts itself, or less is there than there was. */
export class DamageError extends Error {}

/** The file at the path is another one than the one that is open. */
export class MovedError extends Error {}

// https://www.sqlite.org/rescode.html
const ERROR = 1;
const BUSY = 5;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const NOTADB = 26;
const IOERR_SHORT_READ = 522;
const READONLY_DBMOVED = 1032;

/** Whether another process holds the file's lock for longer than one waits. */
export function isBusy(error: unknown): boolean {
  return primaryCodeOf(error) === BUSY;
}

/** Whether the content of the file is to blame. */
export function isDamage(error: unknown): boolean {
  if (error instanceof DamageError) return true;
  // A whole number that JavaScript cannot hold: this package has not written it.
  if (codeOf(error) === "ERR_OUT_OF_RANGE") return true;
  // Some errors of the driver carry SQLite's words and no code.
  if (error instanceof Error && error.message.includes("disk image is malformed")) return true;
  const primary = primaryCodeOf(error);
  // The statements are the same each time: where one does not fit the schema, the schema has changed.
  if (primary === ERROR) return true;
  return primary === CORRUPT || primary === NOTADB || resultCodeOf(error) === IOERR_SHORT_READ;
}

/** Whether the disk may be full: a quota, for example, shows as an I/O error. */
export function mayLackRoom(error: unknown): boolean {
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT") return true;
  const primary = primaryCodeOf(error);
  return primary === FULL || (primary === IOERR && !isDamage(error));
}

export function isMoved(error: unknown): boolean {
  return error instanceof MovedError || resultCodeOf(error) === READONLY_DBMOVED;
}

/** Makes of an error of the file system or of SQLite one of this package. */
export function toOutboxError(error: unknown, path: string): KlipstreamError {
  if (error instanceof KlipstreamError) return error;
  const why = messageOf(error);
  if (isDamage(error))
    return new OutboxCorruptError(`the outbox file ${path} is damaged: ${why}`, { cause: error });
  if (isBusy(error))
    return new OutboxUnwritableError(
      `the outbox file ${path} is held by another process, which may be stopped: look with \`fuser ${path}\``,
      { cause: error },
    );
  return new OutboxUnwritableError(
    `the outbox file ${path} cannot be used: ${why}; check the disk's space and the file's permissions, or set CONVEX_OUTBOX_PATH`,
    { cause: error },
  );
}

/** Of an error of the file system, for example "ENOENT". */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** SQLite's extended result code. */
function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("sqliteExtendedCode" in error && typeof error.sqliteExtendedCode === "number")
    return error.sqliteExtendedCode;
  return "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;
}

function primaryCodeOf(error: unknown): number | undefined {
  const code = resultCodeOf(error);
  return code === undefined ? undefined : code & 0xff;
}
