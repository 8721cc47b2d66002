import { setImmediate } from "node:timers/promises";

import type { Value } from "convex/values";

import { tableOfId } from "../documents/ids.ts";
import type { TableImport } from "./callsAndOutcomes.ts";
import type { EngineDatabase } from "./convexTestInternals.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { PlatformError } from "./functionErrors.ts";

const DOCUMENTS_PER_TURN = 500;

type NewIds = Map<string, string>;

/**
 * Writes the documents of an import in the running transaction. Documents keep their ids where those are of this
 * deployment's form; others get new ones, and what refers to them in the import with them.
 *
 * @returns how many documents were written.
 */
export async function importTables(
  components: EngineComponents,
  tables: readonly TableImport[],
): Promise<number> {
  const newIds: NewIds = new Map();
  for (const { component, table, isCleared, documents } of tables) {
    const database = components.database(component);
    if (isCleared) clear(database, table);
    for (const { _id } of documents)
      if (typeof _id === "string") keepOrReplaceId(database, { table, id: _id }, newIds);
  }
  let written = 0;
  for (const { component, table, documents } of tables)
    for (const document of documents) {
      const fields = withNewIds(document as Value, newIds) as TableImport["documents"][number];
      insert(components.database(component), table, fields);
      written += 1;
      // Whatever watches this thread shall see that it is alive.
      if (written % DOCUMENTS_PER_TURN === 0) await setImmediate();
    }
  return written;
}

function clear(database: EngineDatabase, table: string): void {
  const ids: string[] = [];
  database._iterateDocs(table, ({ _id }) => ids.push(_id));
  for (const id of ids) database._addWrite(id, null);
}

function keepOrReplaceId(
  database: EngineDatabase,
  { table, id }: { table: string; id: string },
  newIds: NewIds,
): void {
  if (tableOfId(id) === table)
    database._nextDocId = Math.max(database._nextDocId, parseInt(id) + 1);
  else newIds.set(id, database._generateId(table));
}

function withNewIds(value: Value, newIds: NewIds): Value {
  if (newIds.size === 0) return value;
  if (typeof value === "string") return newIds.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => withNewIds(item, newIds));
  if (value === null || typeof value !== "object" || value instanceof ArrayBuffer) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Value>).map(([name, field]) => [
      name,
      withNewIds(field, newIds),
    ]),
  );
}

function insert(
  database: EngineDatabase,
  table: string,
  { _id, _creationTime, ...fields }: TableImport["documents"][number],
): void {
  if (typeof _id !== "string") {
    database.insert(table, fields as Record<string, Value>);
    return;
  }
  if (database.get(table, _id) !== null)
    throw new PlatformError(
      `There is a document with the ID "${_id}" in table "${table}" already.`,
    );
  database._validate(table, fields as Record<string, Value>);
  const document = { ...fields, _id, _creationTime: Number(_creationTime ?? Date.now()) };
  database._addWrite(_id, document);
}
