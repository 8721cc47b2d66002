import type { JSONValue } from "convex/values";

/** A validator as a function's `exportArgs()` or a schema's `export()` writes it. */
export type ValidatorJson =
  | {
      type: "null" | "number" | "bigint" | "commitTs" | "boolean" | "string" | "bytes" | "any";
    }
  | { type: "literal"; value: JSONValue }
  | { type: "id"; tableName: string }
  | { type: "array"; value: ValidatorJson }
  | { type: "union"; value: ValidatorJson[] }
  | { type: "record"; keys: ValidatorJson; values: FieldJson }
  | { type: "object"; value: Record<string, FieldJson> };

export type FieldJson = { fieldType: ValidatorJson; optional: boolean };

const NAMES = {
  null: "v.null()",
  number: "v.float64()",
  bigint: "v.int64()",
  commitTs: "v.commitTs()",
  boolean: "v.boolean()",
  string: "v.string()",
  bytes: "v.bytes()",
  any: "v.any()",
};

/** A validator as a developer writes it, for messages. */
export function describeValidator(validator: ValidatorJson): string {
  switch (validator.type) {
    case "literal":
      return `v.literal(${JSON.stringify(validator.value)})`;
    case "id":
      return `v.id("${validator.tableName}")`;
    case "array":
      return `v.array(${describeValidator(validator.value)})`;
    case "union":
      return `v.union(${validator.value.map(describeValidator).join(", ")})`;
    case "record":
      return `v.record(${describeValidator(validator.keys)}, ${describeValidator(validator.values.fieldType)})`;
    case "object": {
      const fields = Object.entries(validator.value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { fieldType, optional }]) => {
          const type = describeValidator(fieldType);
          return `${name}: ${optional ? `v.optional(${type})` : type}`;
        });
      return `v.object({${fields.join(", ")}})`;
    }
    default:
      return NAMES[validator.type];
  }
}
