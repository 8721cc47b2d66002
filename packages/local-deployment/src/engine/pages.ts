import {
  compareValues,
  convexToJson,
  getDocumentSize,
  jsonToConvex,
  type JSONValue,
  type Value,
} from "convex/values";

import type { Document } from "../documents/documentStore.ts";
import { PlatformError } from "./functionErrors.ts";

const END = "_end_cursor";
/** What a transaction may read; near to it, a page should be split. */
const MOST_ROWS = 32_000;
const MOST_BYTES = 16 * 1024 * 1024;
const SOFT = 0.75;
const LONGEST_PAGE = 8192 * SOFT;

type Key = readonly (Value | undefined)[];

/** The rows that a query reads, in their order. */
export type Rows = {
  documents: Iterable<Document>;
  filterFn: (document: Document) => boolean;
  /** What a document's place in the order comes from. */
  keyOf: (document: Document) => Key;
  order: "asc" | "desc";
};

export type PageOptions = {
  /** Where the page begins: behind this; null: at the first row. */
  cursor: string | null;
  /** Where the page must end, whatever its size is then; null: where it is full. */
  endCursor: string | null;
  pageSize: number;
  maximumRowsRead?: number;
  maximumBytesRead?: number;
};

export type Page = {
  page: Document[];
  isDone: boolean;
  continueCursor: string;
  splitCursor: string | null;
  pageStatus: "SplitRequired" | "SplitRecommended" | null;
};

/**
 * Reads one page, by the rules of the real backend.
 *
 * @throws PlatformError `InvalidCursor` for a cursor of another query.
 */
export function readPage(rows: Rows, options: PageOptions): Page {
  checkOptions(options);
  const { endCursor, pageSize } = options;
  const maximumRows = options.maximumRowsRead ?? Infinity;
  const maximumBytes = options.maximumBytesRead ?? Infinity;
  const page: Document[] = [];
  const read: Document[] = [];
  let bytes = 0;
  let status: Page["pageStatus"] = null;
  let end = END;
  const isFull = () => endCursor === null && page.length >= pageSize;
  for (const document of between(rows, options)) {
    // A page whose end is fixed must be whole: the next one begins there.
    if (endCursor === null && (read.length >= maximumRows || bytes >= maximumBytes)) {
      status = "SplitRequired";
      break;
    }
    read.push(document);
    bytes += getDocumentSize(document as Record<string, Value>);
    if (rows.filterFn(document)) page.push(document);
    if (isFull()) break;
  }
  const last = read.at(-1);
  if (last !== undefined && (status !== null || isFull())) end = encodeCursor(rows.keyOf(last));
  const isNearLimit =
    read.length > Math.min(maximumRows, MOST_ROWS) * SOFT ||
    bytes > Math.min(maximumBytes, MOST_BYTES) * SOFT ||
    page.length > LONGEST_PAGE;
  const middle = read.length > 2 ? read[Math.floor(read.length / 2)] : undefined;
  const continueCursor = endCursor ?? end;
  return {
    page,
    isDone: continueCursor === END,
    continueCursor,
    splitCursor: middle === undefined ? null : encodeCursor(rows.keyOf(middle)),
    pageStatus: status ?? (isNearLimit ? "SplitRecommended" : null),
  };
}

function checkOptions({ pageSize, maximumRowsRead, maximumBytesRead }: PageOptions): void {
  if (!(pageSize >= 1))
    throw new PlatformError("A page must have room for at least 1 document: see numItems.");
  if (pageSize > MOST_ROWS)
    throw new PlatformError(`A page can have ${MOST_ROWS} documents at most: see numItems.`);
  if (maximumRowsRead === 0 || maximumBytesRead === 0)
    throw new PlatformError("maximumRowsRead and maximumBytesRead must be greater than 0.");
}

/** The rows behind one cursor, up to and with another. */
function* between(
  { documents, keyOf, order }: Rows,
  { cursor, endCursor }: PageOptions,
): Generator<Document> {
  if (cursor === END) return;
  const direction = order === "asc" ? 1 : -1;
  const from = cursor === null ? null : decodeCursor(cursor);
  const to = endCursor === null || endCursor === END ? null : decodeCursor(endCursor);
  for (const document of documents) {
    const key = keyOf(document);
    if (from !== null && compareKeys(key, from) * direction <= 0) continue;
    if (to !== null && compareKeys(key, to) * direction > 0) return;
    yield document;
  }
}

function compareKeys(a: Key, b: Key): number {
  if (a.length !== b.length) throw invalidCursor();
  for (const [at, value] of a.entries()) {
    const order = compareValues(value, b[at]);
    if (order !== 0) return order;
  }
  return 0;
}

/** A missing value is null, any other one the text of its JSON. */
function encodeCursor(key: Key): string {
  return JSON.stringify(
    key.map((value) => (value === undefined ? null : JSON.stringify(convexToJson(value)))),
  );
}

function decodeCursor(cursor: string): Key {
  try {
    const values = JSON.parse(cursor) as (string | null)[];
    return values.map((value) =>
      value === null ? undefined : jsonToConvex(JSON.parse(value) as JSONValue),
    );
  } catch {
    throw invalidCursor();
  }
}

// Clients look for this word, and begin again with the first page.
function invalidCursor(): PlatformError {
  return new PlatformError("InvalidCursor: this cursor was made by another query.");
}
