import { jsonToConvex, type Value } from "convex/values";

import { describeValue } from "./describeValue.ts";
import { tableOfId } from "./ids.ts";
import { describeValidator, type ValidatorJson } from "./validatorJson.ts";

/**
 * Checks a value against a validator, records included (which the engine itself leaves out).
 *
 * @returns what is wrong, in the words of the real backend, or null.
 */
export function validate(validator: ValidatorJson, value: Value | undefined): string | null {
  return check(validator, value, "");
}

type ObjectJson = Extract<ValidatorJson, { type: "object" }>;
type Check = (value: Value | undefined) => boolean;

const SIMPLE: Record<Exclude<ValidatorJson["type"], Compound>, Check> = {
  any: (value) => value !== undefined,
  null: (value) => value === null,
  number: (value) => typeof value === "number",
  bigint: (value) => typeof value === "bigint",
  commitTs: (value) => typeof value === "bigint",
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  bytes: (value) => value instanceof ArrayBuffer,
};
type Compound = "literal" | "id" | "array" | "union" | "record" | "object";

function check(validator: ValidatorJson, value: Value | undefined, path: string): string | null {
  switch (validator.type) {
    case "literal": {
      const expected = jsonToConvex(validator.value);
      if (value === expected) return null;
      return `\`${describeValue(value)}\` does not match literal validator \`${describeValidator(validator)}\`.${at(path)}`;
    }
    case "id":
      return checkId(validator, value, path);
    case "array":
      if (!Array.isArray(value)) return noMatch(validator, value, path);
      return first(value, (item, index) => check(validator.value, item, `${path}[${index}]`));
    case "union":
      return validator.value.some((member) => check(member, value, path) === null)
        ? null
        : noMatch(validator, value, path);
    case "record":
      if (!isPlainObject(value)) return noMatch(validator, value, path);
      return first(
        Object.entries(value),
        ([key, field]) =>
          check(validator.keys, key, `${path}.${key}`) ??
          check(validator.values.fieldType, field, `${path}.${key}`),
      );
    case "object":
      return checkObject(validator, value, path);
    default:
      return SIMPLE[validator.type](value) ? null : noMatch(validator, value, path);
  }
}

function checkId(
  validator: Extract<ValidatorJson, { type: "id" }>,
  value: Value | undefined,
  path: string,
): string | null {
  const found = typeof value === "string" ? tableOfId(value) : null;
  if (found === null || typeof value !== "string") return noMatch(validator, value, path);
  if (found === validator.tableName) return null;
  return `Found ID "${value}" from table \`${found}\`, which does not match the table name in validator \`${describeValidator(validator)}\`.${at(path)}`;
}

function checkObject(validator: ObjectJson, value: Value | undefined, path: string): string | null {
  if (!isPlainObject(value)) return noMatch(validator, value, path);
  const about = () =>
    `${at(path)}\nObject: ${describeValue(value)}\nValidator: ${describeValidator(validator)}`;
  for (const [name, { fieldType, optional }] of Object.entries(validator.value)) {
    const field = value[name];
    if (field === undefined) {
      if (optional) continue;
      return `Object is missing the required field \`${name}\`. Consider wrapping the field validator in \`v.optional(...)\` if this is expected.${about()}`;
    }
    const problem = check(fieldType, field, `${path}.${name}`);
    if (problem !== null) return problem;
  }
  for (const name of Object.keys(value))
    if (!Object.hasOwn(validator.value, name) && value[name] !== undefined)
      return `Object contains extra field \`${name}\` that is not in the validator.${about()}`;
  return null;
}

function noMatch(validator: ValidatorJson, value: Value | undefined, path: string): string {
  return `Value does not match validator.${at(path)}\nValue: ${describeValue(value)}\nValidator: ${describeValidator(validator)}`;
}

function at(path: string): string {
  return path === "" ? "" : `\nPath: ${path}`;
}

function first<T>(items: T[], problemOf: (item: T, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const problem = problemOf(item, index);
    if (problem !== null) return problem;
  }
  return null;
}

function isPlainObject(value: Value | undefined): value is Record<string, Value | undefined> {
  return (
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    !(value instanceof ArrayBuffer)
  );
}
