import { qualifiedTable, type ComponentPath } from "../documents/componentTables.ts";
import type { DocumentStore } from "../documents/documentStore.ts";
import type { SchemaJson, TableJson } from "../engine/engineCode.ts";
import { documentProblem } from "../engine/engineDatabase.ts";

/** An index as the CLI prints it. */
export type IndexConfig = { name: string; staged: boolean } & (
  | { type: "database"; fields: string[] }
  | { type: "search"; searchField: string; filterFields: string[] }
  | { type: "vector"; dimensions: number; vectorField: string; filterFields: string[] }
);

export type IndexDiff = {
  added_indexes: IndexConfig[];
  removed_indexes: IndexConfig[];
  enabled_indexes: IndexConfig[];
  disabled_indexes: IndexConfig[];
};

export const NO_INDEX_CHANGE: IndexDiff = {
  added_indexes: [],
  removed_indexes: [],
  enabled_indexes: [],
  disabled_indexes: [],
};

export function indexDiff(before: SchemaJson | null, after: SchemaJson | null): IndexDiff {
  const [old, now] = [indexesOf(before), indexesOf(after)];
  const oldOf = (index: IndexConfig) => old.find((each) => isSameIndex(each, index));
  return {
    added_indexes: now.filter((index) => oldOf(index) === undefined),
    removed_indexes: old.filter((index) => !now.some((each) => isSameIndex(each, index))),
    enabled_indexes: now.filter((index) => !index.staged && oldOf(index)?.staged === true),
    disabled_indexes: now.filter((index) => index.staged && oldOf(index)?.staged === false),
  };
}

function isSameIndex(a: IndexConfig, b: IndexConfig): boolean {
  return JSON.stringify({ ...a, staged: false }) === JSON.stringify({ ...b, staged: false });
}

export function indexesOf(schema: SchemaJson | null): IndexConfig[] {
  return (schema?.tables ?? []).flatMap((table) => [
    ...databaseIndexes(table),
    ...searchIndexes(table),
    ...vectorIndexes(table),
  ]);
}

function databaseIndexes({ tableName, indexes, stagedDbIndexes }: TableJson): IndexConfig[] {
  return withStaging(indexes, stagedDbIndexes, ({ indexDescriptor, fields }) => ({
    name: `${tableName}.${indexDescriptor}`,
    type: "database",
    fields: [...fields, "_creationTime"],
  }));
}

function searchIndexes({
  tableName,
  searchIndexes,
  stagedSearchIndexes,
}: TableJson): IndexConfig[] {
  return withStaging(searchIndexes, stagedSearchIndexes, (index) => ({
    name: `${tableName}.${index.indexDescriptor}`,
    type: "search",
    searchField: index.searchField,
    filterFields: index.filterFields,
  }));
}

function vectorIndexes({
  tableName,
  vectorIndexes,
  stagedVectorIndexes,
}: TableJson): IndexConfig[] {
  return withStaging(vectorIndexes, stagedVectorIndexes, (index) => ({
    name: `${tableName}.${index.indexDescriptor}`,
    type: "vector",
    dimensions: index.dimensions,
    vectorField: index.vectorField,
    filterFields: index.filterFields,
  }));
}

type Unstaged<T> = T extends unknown ? Omit<T, "staged"> : never;

function withStaging<Index>(
  enabled: Index[] = [],
  staged: Index[] = [],
  describe: (index: Index) => Unstaged<IndexConfig>,
): IndexConfig[] {
  return [
    ...enabled.map((index) => ({ ...describe(index), staged: false })),
    ...staged.map((index) => ({ ...describe(index), staged: true })),
  ];
}

export type SchemaFailure = { componentPath: ComponentPath; tableName: string; error: string };

/** The first stored document that the schema of the app, or of a component, does not allow, or null. */
export function findBrokenDocument(
  componentPath: ComponentPath,
  schema: SchemaJson | null,
  documents: DocumentStore,
): SchemaFailure | null {
  for (const { tableName } of schema?.tables ?? [])
    for (const document of documents.list(qualifiedTable(componentPath, tableName))) {
      const problem = documentProblem(schema, tableName, document);
      if (problem !== null)
        return {
          componentPath,
          tableName,
          error: `Document with ID "${document._id}" in table "${tableName}" does not match the schema: ${problem}`,
        };
    }
  return null;
}

/** How the CLI is told what a push would do to tables and indexes. */
export function evaluateSchema(
  before: SchemaJson | null,
  after: SchemaJson | null,
  documents: DocumentStore,
): unknown {
  const diff = indexDiff(before, after);
  const added = new Set(diff.added_indexes.map(({ name }) => name));
  const tableOf = (name: string) => name.split(".")[0] ?? "";
  const describe = (index: IndexConfig, change: string) => ({
    ...index,
    change,
    needsBackfill: change === "added",
    numDocs: documents.count(tableOf(index.name)),
  });
  const schemaValidation = after?.schemaValidation ?? false;
  return {
    componentSchemaEvaluations: {
      "": {
        definitionPath: "",
        schemaValidation,
        tables: (after?.tables ?? []).map(({ tableName }) => ({
          name: tableName,
          outcome: schemaValidation ? "mustWalk" : "notValidated",
          numDocs: documents.count(tableName),
          sizeBytes: 0,
        })),
        indexes: [
          ...indexesOf(after).map((index) =>
            describe(index, added.has(index.name) ? "added" : "identical"),
          ),
          ...diff.removed_indexes.map((index) => describe(index, "dropped")),
        ],
      },
    },
    newComponentDefinitions: [],
  };
}
