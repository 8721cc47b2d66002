import { compareValues } from "convex/values";
import fc from "fast-check";
import { expect, it } from "vitest";

import { compare } from "./readSet.ts";

const texts = fc.string({ unit: fc.constantFrom("a", "b", "é", "\uffff", "😀", "\u{10ffff}") });
const numbers = fc.constantFrom(-Infinity, -1, -0, 0, 1, NaN, Infinity);
const values = fc.oneof(texts, numbers, fc.constantFrom(null, undefined, 1n, true));

it("two values of any kind are in the order that Convex gives them", () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      expect(Math.sign(compare(a, b))).toBe(Math.sign(compareValues(a, b)));
    }),
    { numRuns: 5000 },
  );
});
