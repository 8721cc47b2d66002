/**
 * Reads the rows of a SQLite file from its bytes, page by page, whatever is wrong with the others: without the schema, the
 * inner pages of the trees, the indexes and the checksums of the write-ahead log.
 * https://www.sqlite.org/fileformat2.html
 */

/** What outbox files have: SQLite's default. */
export const PAGE_BYTES = 4096;
export const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const LEAF_OF_TABLE = 0x0d;

export type RawValue = null | number | Uint8Array;
/** The columns of a row, text as its bytes. */
export type RawRow = { rowid: number; values: RawValue[] };

/** The versions of each page that are left, the oldest first. */
export type RawPages = Map<number, Buffer[]>;

/**
 * @param main - The bytes of the file.
 * @param log - Those of its write-ahead log; empty where there is none.
 */
export function readPages(main: Buffer, log: Buffer): RawPages {
  const frames = framesOf(log);
  const pages: RawPages = new Map();
  const add = (number: number, page: Buffer) => {
    const versions = pages.get(number);
    if (versions === undefined) pages.set(number, [page]);
    else versions.push(page);
  };
  for (const { number, page, isOfNow } of frames) if (!isOfNow) add(number, page);
  for (let number = 1; (number - 1) * PAGE_BYTES < main.length; number++)
    add(number, main.subarray((number - 1) * PAGE_BYTES, number * PAGE_BYTES));
  for (const { number, page, isOfNow } of frames) if (isOfNow) add(number, page);
  return pages;
}

/** Every row of every table. A row of several versions of a page comes several times, the oldest first. */
export function* rowsOf(pages: RawPages): Generator<RawRow> {
  for (const [number, versions] of pages)
    for (const page of versions) {
      const start = number === 1 ? 100 : 0;
      if (page[start] !== LEAF_OF_TABLE) continue;
      for (let cell = 0; cell < readNumber(page, start + 3, 2); cell++) {
        const row = readCell(page, readNumber(page, start + 8 + 2 * cell, 2), pages);
        if (row !== null) yield row;
      }
    }
}

/** A version of a page in a write-ahead log. */
type Frame = {
  /** Where in the log it begins. */
  at: number;
  /** Which page it is of. */
  number: number;
  /** Whether a transaction ends with it. */
  isCommit: boolean;
  /** Whether it belongs to what the log holds now. */
  isOfNow: boolean;
  page: Buffer;
};

/** All that a write-ahead log holds. Frames that an earlier use of it has left carry other salts than its header. */
export function framesOf(log: Buffer): Frame[] {
  const frameBytes = FRAME_HEADER_BYTES + PAGE_BYTES;
  const frames: Frame[] = [];
  const saltsAt = (at: number) => log.subarray(at, at + 8);
  const hasSalts = (at: number, salts: Buffer) => saltsAt(at + 8).equals(salts);
  const starts = Array.from(
    { length: Math.floor(Math.max(0, log.length - LOG_HEADER_BYTES) / frameBytes) },
    (_value, index) => LOG_HEADER_BYTES + index * frameBytes,
  );
  const isHeaderWhole = starts.some((at) => hasSalts(at, saltsAt(16)));
  const salts = saltsAt(isHeaderWhole ? 16 : LOG_HEADER_BYTES + 8);
  for (const at of starts)
    frames.push({
      at,
      number: readNumber(log, at, 4),
      isCommit: readNumber(log, at + 4, 4) > 0,
      isOfNow: hasSalts(at, salts),
      page: log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes),
    });
  return frames;
}

function readCell(page: Buffer, at: number, pages: RawPages): RawRow | null {
  const size = readVarint(page, at);
  const rowid = size && readVarint(page, size.end);
  if (!size || !rowid || size.value > 2 ** 26) return null;
  const payload = readPayload(page, { at: rowid.end, bytes: size.value }, pages);
  const values = payload && readRecord(payload);
  return values ? { rowid: rowid.value, values } : null;
}

/** A long payload goes on in a chain of other pages. */
function readPayload(
  page: Buffer,
  { at, bytes }: { at: number; bytes: number },
  pages: RawPages,
): Buffer | null {
  if (bytes <= PAGE_BYTES - 35)
    return at + bytes <= page.length ? page.subarray(at, at + bytes) : null;
  const least = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const fitting = least + ((bytes - least) % (PAGE_BYTES - 4));
  const local = fitting <= PAGE_BYTES - 35 ? fitting : least;
  const parts = [page.subarray(at, at + local)];
  let next = readNumber(page, at + local, 4);
  for (let left = bytes - local; left > 0; left -= PAGE_BYTES - 4) {
    const overflow = pages.get(next)?.at(-1);
    if (overflow === undefined) return null;
    parts.push(overflow.subarray(4, 4 + Math.min(left, PAGE_BYTES - 4)));
    next = readNumber(overflow, 0, 4);
  }
  return Buffer.concat(parts);
}

function readRecord(payload: Buffer): RawValue[] | null {
  const header = readVarint(payload, 0);
  if (!header || header.value > payload.length) return null;
  const values: RawValue[] = [];
  let at = header.value;
  for (let place = header.end; place < header.value;) {
    const type = readVarint(payload, place);
    if (!type) return null;
    const bytes = bytesOf(type.value);
    if (at + bytes > payload.length) return null;
    values.push(readValue(payload, type.value, at));
    at += bytes;
    place = type.end;
  }
  return values;
}

const BYTES_OF_TYPE = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

function bytesOf(type: number): number {
  return BYTES_OF_TYPE[type] ?? Math.floor((type - 12) / 2);
}

function readValue(payload: Buffer, type: number, at: number): RawValue {
  if (type === 0 || type === 10 || type === 11) return null;
  if (type === 7) return payload.readDoubleBE(at);
  if (type === 6) return Number(payload.readBigInt64BE(at));
  if (type === 8 || type === 9) return type - 8;
  const bytes = bytesOf(type);
  return type < 6 ? payload.readIntBE(at, bytes) : payload.subarray(at, at + bytes);
}

/** Up to nine bytes of seven bits each, the ninth of eight. Null past the end. */
function readVarint(bytes: Buffer, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let place = 0; place < 9; place++) {
    const byte = bytes[at + place];
    if (byte === undefined) return null;
    if (place === 8) return { value: value * 256 + byte, end: at + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: at + place + 1 };
  }
  return null;
}

/** An unsigned number, 0 past the end. */
function readNumber(bytes: Buffer, at: number, length: number): number {
  return at + length <= bytes.length ? bytes.readUIntBE(at, length) : 0;
}
