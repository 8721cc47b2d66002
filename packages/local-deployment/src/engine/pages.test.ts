import { describe, expect, it } from "vitest";

import type { Document } from "../documents/documentStore.ts";
import { readPage, type PageOptions } from "./pages.ts";

const documents: Document[] = ["a", "b", "c", "d", "e", "f"].map((name, at) => ({
  _id: `${at}notes`,
  _creationTime: at,
  name,
}));

function page(options: Partial<PageOptions>, all = documents, filterFn = (_: Document) => true) {
  const rows = {
    documents: all,
    filterFn,
    keyOf: ({ name }: Document) => [name],
    order: "asc" as const,
  };
  const { page, ...rest } = readPage(rows, {
    cursor: null,
    endCursor: null,
    pageSize: 10,
    ...options,
  });
  return { names: page.map(({ name }) => name as string).join(""), ...rest };
}

/** All pages from the first to the last. */
function walk(
  options: Partial<PageOptions>,
  all = documents,
  filterFn?: (document: Document) => boolean,
) {
  const pages: string[] = [];
  for (let cursor: string | null = null, isDone = false; !isDone;) {
    const next = page({ ...options, cursor }, all, filterFn);
    pages.push(next.names);
    ({ isDone, continueCursor: cursor } = next);
  }
  return pages;
}

describe("a page", () => {
  it("is not the last one when it is just full; the next one is empty", () => {
    expect(walk({ pageSize: 3 })).toEqual(["abc", "def", ""]);
    expect(walk({ pageSize: 4 })).toEqual(["abcd", "ef"]);
  });

  it("skips what a filter refuses, until it is full", () => {
    const isVowel = ({ name }: Document) => "ae".includes(name as string);
    expect(walk({ pageSize: 1 }, documents, isVowel)).toEqual(["a", "e", ""]);
  });

  it("must be split where it has read as many rows as it may, and goes on behind them", () => {
    const limited = page({ maximumRowsRead: 3 });
    expect(limited).toMatchObject({ names: "abc", isDone: false, pageStatus: "SplitRequired" });
    expect(walk({ maximumRowsRead: 3 })).toEqual(["abc", "def"]);
    expect(walk({ maximumRowsRead: 4 })).toEqual(["abcd", "ef"]);
  });

  it("counts the rows that a filter refuses", () => {
    const isLate = ({ name }: Document) => (name as string) > "d";
    expect(walk({ maximumRowsRead: 2 }, documents, isLate)).toEqual(["", "", "ef"]);
  });

  it("must be split where it has read as many bytes as it may", () => {
    const large = documents.map((document) => ({ ...document, text: "x".repeat(1000) }));
    expect(page({ maximumBytesRead: 2000 }, large)).toMatchObject({
      names: "ab",
      pageStatus: "SplitRequired",
    });
  });

  it("should be split when it comes near to a limit", () => {
    expect(page({ pageSize: 1, maximumRowsRead: 3 })).toMatchObject({ pageStatus: null });
    expect(page({ pageSize: 3, maximumRowsRead: 3 })).toMatchObject({
      names: "abc",
      pageStatus: "SplitRecommended",
    });
  });

  it("is split in its middle, and both parts have all of its rows", () => {
    const { continueCursor, splitCursor } = page({ maximumRowsRead: 4 });
    const first = page({ endCursor: splitCursor });
    const second = page({ cursor: splitCursor, endCursor: continueCursor });
    expect([first.names, second.names]).toEqual(["abc", "d"]);
    expect(page({ pageSize: 2 }).splitCursor).toBeNull();
  });

  it("with an end grows and shrinks with the rows up to it, whatever the limits are", () => {
    const { continueCursor: endCursor } = page({ pageSize: 3 });
    const more = documents.toSpliced(1, 0, { _id: "9notes", _creationTime: 9, name: "ab" });
    const grown = page({ pageSize: 3, endCursor, maximumRowsRead: 2 }, more);
    expect(grown.names).toBe("aabbc");
    expect(grown.continueCursor).toBe(endCursor);
    const withoutEnd = documents.filter(({ name }) => name !== "c");
    expect(page({ pageSize: 3, endCursor }, withoutEnd)).toMatchObject({
      names: "ab",
      isDone: false,
    });
  });

  it("that was the last one stays it, and takes all that comes", () => {
    const { continueCursor: endCursor } = page({}, []);
    expect(page({ pageSize: 1, endCursor })).toMatchObject({ names: "abcdef", isDone: true });
  });

  it("behind the last one is empty", () => {
    const { continueCursor: cursor } = page({});
    expect(page({ cursor })).toMatchObject({ names: "", isDone: true });
  });

  it.each(["nonsense", '["\\"a\\"","\\"b\\""]', "7"])(
    "after the cursor %j of another query is refused",
    (cursor) => {
      expect(() => page({ cursor })).toThrow("InvalidCursor");
    },
  );

  it("has room for at least one document", () => {
    expect(() => page({ pageSize: 0 })).toThrow("at least 1 document");
    expect(() => page({ maximumRowsRead: 0 })).toThrow("greater than 0");
  });
});
