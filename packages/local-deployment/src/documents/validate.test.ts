import { v, type Validator } from "convex/values";
import { describe, expect, it } from "vitest";

import { validate } from "./validate.ts";
import type { ValidatorJson } from "./validatorJson.ts";

const problemOf = (
  validator: Validator<unknown, "optional" | "required", string>,
  value: unknown,
) => validate((validator as unknown as { json: ValidatorJson }).json, value as never);

describe("a value that fits", () => {
  it.each([
    ["null", v.null(), null],
    ["a number", v.number(), NaN],
    ["a big integer", v.int64(), 5n],
    ["bytes", v.bytes(), new ArrayBuffer(2)],
    ["anything", v.any(), { a: [1] }],
    ["a literal", v.literal("x"), "x"],
    ["a literal big integer", v.literal(3n), 3n],
    ["an ID", v.id("notes"), "10000notes"],
    ["an array", v.array(v.string()), ["a"]],
    ["one of several", v.union(v.string(), v.null()), null],
    ["a record", v.record(v.string(), v.number()), { a: 1 }],
    ["an object without its optional field", v.object({ a: v.optional(v.string()) }), {}],
  ])("is accepted: %s", (_name, validator, value) => {
    expect(problemOf(validator as never, value)).toBeNull();
  });
});

describe("a value that does not fit is refused in the real backend's words", () => {
  it.each([
    ["a type", v.string(), 5, "Value does not match validator.\nValue: 5.0\nValidator: v.string()"],
    ["a literal", v.literal("x"), "y", '`"y"` does not match literal validator `v.literal("x")`.'],
    [
      "an ID",
      v.id("notes"),
      "10000users",
      'Found ID "10000users" from table `users`, which does not match the table name in validator `v.id("notes")`.',
    ],
    [
      "a union",
      v.union(v.string(), v.null()),
      true,
      "Value does not match validator.\nValue: true\nValidator: v.union(v.string(), v.null())",
    ],
    [
      "an array's item",
      v.array(v.string()),
      ["a", 1n],
      "Value does not match validator.\nPath: [1]\nValue: 1n\nValidator: v.string()",
    ],
    [
      "a record's value",
      v.record(v.string(), v.number()),
      { a: "b" },
      'Value does not match validator.\nPath: .a\nValue: "b"\nValidator: v.float64()',
    ],
    [
      "a record's key",
      v.record(v.literal("a") as never, v.number()),
      { b: 1 },
      '`"b"` does not match literal validator `v.literal("a")`.\nPath: .b',
    ],
    [
      "a missing field",
      v.object({ a: v.string() }),
      {},
      "Object is missing the required field `a`. Consider wrapping the field validator in `v.optional(...)` if this is expected.\nObject: {}\nValidator: v.object({a: v.string()})",
    ],
    [
      "an extra field",
      v.object({ o: v.object({}) }),
      { o: { x: 1 } },
      "Object contains extra field `x` that is not in the validator.\nPath: .o\nObject: {x: 1.0}\nValidator: v.object({})",
    ],
  ])("%s", (...[, validator, value, problem]) => {
    expect(problemOf(validator as never, value)).toBe(problem);
  });
});
