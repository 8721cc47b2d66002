import { promisify } from "node:util";

import { strToU8, zip, type AsyncZippable } from "fflate";
import { getExtension } from "hono/utils/mime";

import { splitTable, type ComponentPath } from "../documents/componentTables.ts";
import type { Document, DocumentStore } from "../documents/documentStore.ts";
import { internalOf, withoutInternal } from "../documents/internalFields.ts";
import type { Blobs } from "../storage/blobs.ts";
import { toExportJson } from "./exportJson.ts";

const FILES_TABLE = "_storage";
const README = `This is an export of a Convex deployment: one folder for each table, one line of JSON for each document.
\`npx convex import\` reads it.
`;

/**
 * All documents as they are now, in the format of \`convex export\`.
 *
 * @returns a ZIP file.
 */
export async function writeSnapshot(
  store: DocumentStore,
  blobs: Blobs,
  { includeStorage }: { includeStorage: boolean },
): Promise<Uint8Array> {
  const entries: AsyncZippable = { "README.md": strToU8(README) };
  const files: { folder: string; documents: Document[] }[] = [];
  const tables = new Map<ComponentPath, string[]>();
  for (const qualified of store.tableNames()) {
    const { component, table } = splitTable(qualified);
    const folder = folderOf(component);
    const documents = store.list(qualified);
    if (table === FILES_TABLE && includeStorage) {
      files.push({ folder, documents });
      entries[`${folder}_storage/documents.jsonl`] = lines(documents.map(describeFile));
    }
    if (table.startsWith("_")) continue;
    tables.set(component, [...(tables.get(component) ?? []), table]);
    entries[`${folder}${table}/documents.jsonl`] = lines(documents);
    entries[`${folder}${table}/generated_schema.jsonl`] = strToU8('"uniform"\n');
  }
  for (const [component, names] of tables) {
    const described = names.sort().map((name, at) => ({ name, id: BigInt(10_001 + at) }));
    entries[`${folderOf(component)}_tables/documents.jsonl`] = lines(described);
  }
  for (const { folder, documents } of files)
    for (const document of documents) {
      const content = await blobs.get(internalOf(document)["blob"] ?? "");
      // Deleted since the documents were listed.
      if (content !== null) entries[`${folder}_storage/${fileName(document)}`] = content;
    }
  return await promisify<AsyncZippable, Uint8Array>(zip)(entries);
}

function folderOf(component: ComponentPath): string {
  if (component === "") return "";
  return component.replaceAll(/[^/]+/g, (name) => `_components/${name}`) + "/";
}

function describeFile(file: Document): Document {
  return { ...withoutInternal(file), internalId: internalOf(file)["blob"] };
}

function fileName({ _id, contentType }: Document): string {
  const extension = typeof contentType === "string" ? getExtension(contentType) : undefined;
  return extension === undefined ? _id : `${_id}.${extension}`;
}

function lines(documents: readonly object[]): Uint8Array {
  return strToU8(documents.map((each) => `${toExportJson(each as Document as never)}\n`).join(""));
}
