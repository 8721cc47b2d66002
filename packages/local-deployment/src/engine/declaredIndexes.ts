import type { SearchFilter } from "./convexTestInternals.ts";
import type { SchemaJson, SearchIndexJson, TableJson } from "./engineCode.ts";
import { PlatformError } from "./functionErrors.ts";

const STAGED = ["stagedDbIndexes", "stagedSearchIndexes", "stagedVectorIndexes"] as const;

/**
 * Refuses a query over an index that the schema only prepares.
 *
 * @param name the table's and the index's name, with a point between them.
 */
export function refuseStaged(schema: SchemaJson | null, name: string): void {
  const { table, index } = find(schema, name);
  const isStaged = STAGED.some((kind) =>
    table?.[kind]?.some(({ indexDescriptor }) => indexDescriptor === index),
  );
  if (isStaged)
    throw new PlatformError(
      `Index ${name} is currently staged and not available to query until it is enabled: remove \`staged\` from it in the schema.`,
    );
}

export type TextQuery = {
  field: string;
  query: string;
  equalities: Extract<SearchFilter, { type: "Eq" }>[];
};

/**
 * What a search asks of a search index.
 *
 * @throws PlatformError if the index is not declared, or not for the fields that are asked for.
 */
export function textQuery(
  schema: SchemaJson | null,
  name: string,
  filters: readonly SearchFilter[],
): TextQuery {
  refuseStaged(schema, name);
  const { table, index } = find(schema, name);
  const declared = table?.searchIndexes?.find(({ indexDescriptor }) => indexDescriptor === index);
  if (declared === undefined)
    throw new PlatformError(`The search index ${name} is not declared in the schema.`);
  const [search, second] = filters.filter(({ type }) => type === "Search");
  if (search?.type !== "Search" || second !== undefined)
    throw new PlatformError(
      `A query of the search index ${name} needs exactly one \`q.search("${declared.searchField}", text)\`.`,
    );
  const equalities = filters.filter((filter) => filter.type === "Eq");
  for (const filter of filters) refuseField(declared, name, filter);
  return { field: search.fieldPath, query: search.value, equalities };
}

/** The field that a vector index is of. */
export function vectorFieldOf(schema: SchemaJson | null, name: string): string {
  const { table, index } = find(schema, name);
  const declared = table?.vectorIndexes?.find(({ indexDescriptor }) => indexDescriptor === index);
  if (declared === undefined)
    throw new PlatformError(`The vector index ${name} is not declared in the schema.`);
  return declared.vectorField;
}

function refuseField(
  { searchField, filterFields }: SearchIndexJson,
  name: string,
  { type, fieldPath }: SearchFilter,
): void {
  if (type === "Search" && fieldPath !== searchField)
    throw new PlatformError(
      `The search index ${name} searches the field "${searchField}", not "${fieldPath}".`,
    );
  if (type === "Eq" && !filterFields.includes(fieldPath))
    throw new PlatformError(
      `The search index ${name} cannot filter by the field "${fieldPath}": it is not one of its \`filterFields\`.`,
    );
}

function find(
  schema: SchemaJson | null,
  name: string,
): { table: TableJson | undefined; index: string } {
  const [tableName = "", index = ""] = name.split(".");
  return { table: schema?.tables.find((table) => table.tableName === tableName), index };
}
