import { expect, it } from "vitest";

import type { SchemaJson } from "../engine/engineCode.ts";
import { indexDiff } from "./schemaChanges.ts";

const index = { indexDescriptor: "by_name", fields: ["name"] };
function schemaWith(indexes: Partial<SchemaJson["tables"][number]>): SchemaJson {
  const table = { tableName: "notes", indexes: [], documentType: null, ...indexes };
  return { schemaValidation: true, tables: [table] };
}
const shown = { name: "notes.by_name", type: "database", fields: ["name", "_creationTime"] };

it("a staged index is added as such, enabled when it is no longer staged, and disabled when it is again", () => {
  const [staged, enabled] = [
    schemaWith({ stagedDbIndexes: [index] }),
    schemaWith({ indexes: [index] }),
  ];
  expect(indexDiff(null, staged)).toMatchObject({ added_indexes: [{ ...shown, staged: true }] });
  expect(indexDiff(staged, enabled)).toEqual({
    added_indexes: [],
    removed_indexes: [],
    enabled_indexes: [{ ...shown, staged: false }],
    disabled_indexes: [],
  });
  expect(indexDiff(enabled, staged)).toMatchObject({
    added_indexes: [],
    removed_indexes: [],
    disabled_indexes: [{ ...shown, staged: true }],
  });
});

it("an index with other fields is another one", () => {
  const other = { ...index, fields: ["name", "rank"] };
  expect(
    indexDiff(schemaWith({ stagedDbIndexes: [index] }), schemaWith({ indexes: [other] })),
  ).toMatchObject({
    added_indexes: [{ name: "notes.by_name" }],
    removed_indexes: [{ name: "notes.by_name" }],
    enabled_indexes: [],
  });
});
