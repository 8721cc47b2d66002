import { describe, expect, it } from "vitest";

import type { Document } from "./documentStore.ts";
import { rankByText, termsOf } from "./textSearch.ts";

let count = 0;
function note(text: string | undefined, fields: Record<string, string> = {}): Document {
  count += 1;
  return {
    _id: `${count}notes`,
    _creationTime: count,
    ...(text === undefined ? {} : { text }),
    ...fields,
  };
}

function found(documents: Document[], query: string): (string | undefined)[] {
  const search = { field: "text", query };
  return rankByText(documents, search).map(
    ({ document }) => document["text"] as string | undefined,
  );
}

describe("the words of a text", () => {
  it("are what stands between signs, in lower case", () => {
    expect(termsOf("Pork-and-Beans, 2x (hot!) déjà_vu")).toEqual([
      "pork",
      "and",
      "beans",
      "2x",
      "hot",
      "déjà",
      "vu",
    ]);
  });

  it("do not include those of 32 bytes or more", () => {
    expect(termsOf(`${"a".repeat(31)} ${"b".repeat(32)} ${"é".repeat(16)} c`)).toEqual([
      "a".repeat(31),
      "c",
    ]);
  });
});

describe("a text search", () => {
  it("finds documents with any of the words, and with words that begin with the last one", () => {
    const documents = [
      note("red apple"),
      note("redder pear"),
      note("green appletree"),
      note("plum"),
    ];
    expect(found(documents, "red app")).toEqual(["red apple", "green appletree"]);
  });

  it("passes documents over that lack the field, or whose field is no text", () => {
    expect(found([note(undefined), note("apple"), note(7 as never)], "apple")).toEqual(["apple"]);
  });

  it("finds nothing for a query without words", () => {
    expect(found([note("apple")], " - ")).toEqual([]);
  });

  it("puts rare words before common ones", () => {
    const documents = [
      note("apple pie"),
      note("apple cake"),
      note("apple mush"),
      note("quince pie"),
    ];
    expect(found(documents, "apple quince x")[0]).toBe("quince pie");
  });

  it("puts short texts before long ones, and more mentions before fewer", () => {
    const documents = [
      note("tea and a lot of other things"),
      note("tea"),
      note("tea tea coffee milk"),
      note("tea milk coffee juice"),
    ];
    const ranked = found(documents, "tea x");
    expect(ranked[0]).toBe("tea");
    expect(ranked.indexOf("tea tea coffee milk")).toBeLessThan(
      ranked.indexOf("tea milk coffee juice"),
    );
    expect(ranked.at(-1)).toBe("tea and a lot of other things");
  });

  it("puts a whole word before one that only begins with it", () => {
    expect(found([note("pasta"), note("past"), note("pasture")], "past")[0]).toBe("past");
  });

  it("puts the newest of equals first", () => {
    const documents = [note("tea one"), note("tea two"), note("tea six")];
    expect(found(documents, "tea")).toEqual(["tea six", "tea two", "tea one"]);
  });

  it("scores as BM25 does, with k1 = 1.2 and b = 0.75", () => {
    const documents = [note("a b"), note("a a a b c d"), note("e")];
    const scores = rankByText(documents, { field: "text", query: "a zzz" }).map(
      ({ score }) => score,
    );
    const idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5));
    const score = (frequency: number, length: number) =>
      (idf * 2.2 * frequency) / (frequency + 1.2 * (0.25 + (0.75 * length) / 3));
    expect(scores).toEqual([
      expect.closeTo(score(3, 6), 5) as number,
      expect.closeTo(score(1, 2), 5) as number,
    ]);
  });

  it("looks at the first 16 words of a query", () => {
    const query = `${"word ".repeat(16)}apple`;
    expect(found([note("apple")], query)).toEqual([]);
  });
});
