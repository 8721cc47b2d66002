import fc from "fast-check";
import { compareValues } from "convex/values";
import { expect, it } from "vitest";

import type { Document } from "./documentStore.ts";
import { SortedDocuments } from "./sortedDocuments.ts";

const FIELDS = ["n", "_id"];
const numbers = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 600, maxLength: 2500 });

const documentOf = (n: number, at: number): Document => ({
  _id: `${at}notes`,
  _creationTime: 0,
  n,
});
// A text: to show how two long lists of documents differ would take minutes.
const idsOf = (documents: Iterable<Document>) => [...documents].map(({ _id }) => _id).join(" ");
const inOrder = (documents: Iterable<Document>) =>
  [...documents].sort((a, b) => compareValues(a["n"], b["n"]) || compareValues(a._id, b._id));

it("documents stay in order, and parts of them are found, through thousands of changes", () => {
  fc.assert(
    fc.property(numbers, numbers, fc.tuple(fc.nat(300), fc.nat(300)), (first, second, bounds) => {
      const stored = new Map(first.map((n, at) => [`${at}notes`, documentOf(n, at)]));
      const sorted = new SortedDocuments(FIELDS, stored.values());
      for (const [at, n] of second.entries()) {
        const before = stored.get(`${at}notes`) ?? null;
        const after =
          at % 3 === 0 ? null : documentOf(at % 5 === 0 ? Number(before?.["n"] ?? n) : n, at);
        sorted.change(before, after);
        if (after === null) stored.delete(`${at}notes`);
        else stored.set(after._id, after);
      }
      const [low, high] = [Math.min(...bounds), Math.max(...bounds)];
      const range = sorted.range(({ n }) => (Number(n) < low ? -1 : Number(n) > high ? 1 : 0));
      const expected = inOrder(stored.values()).filter(
        ({ n }) => Number(n) >= low && Number(n) <= high,
      );
      expect(idsOf(sorted.inOrder(range, "asc"))).toBe(idsOf(expected));
      expect(idsOf(sorted.inOrder(range, "desc"))).toBe(idsOf(expected.toReversed()));
    }),
    { numRuns: 20, endOnFailure: true },
  );
});

it("documents that are all taken out leave nothing, and others can follow", () => {
  const sorted = new SortedDocuments(FIELDS, []);
  const everything = () => [
    ...sorted.inOrder(
      sorted.range(() => 0),
      "asc",
    ),
  ];
  const documents = Array.from({ length: 2000 }, (_, at) => documentOf(at % 7, at));
  for (const document of documents) sorted.change(null, document);
  expect(everything()).toEqual(inOrder(documents));
  for (const document of documents) sorted.change(document, null);
  expect(everything()).toEqual([]);
  sorted.change(null, documentOf(1, 1));
  expect(everything()).toEqual([documentOf(1, 1)]);
});

it("a document whose field changes from 0 to -0 moves, and is found where it is", () => {
  const [zero, other] = [documentOf(0, 2), documentOf(0, 1)];
  const sorted = new SortedDocuments(FIELDS, [zero, other]);
  const minusZero = documentOf(-0, 2);
  sorted.change(zero, minusZero);
  const everything = () => [
    ...sorted.inOrder(
      sorted.range(() => 0),
      "asc",
    ),
  ];
  expect(everything()).toEqual([minusZero, other]);
  sorted.change(minusZero, null);
  expect(everything()).toEqual([other]);
});
