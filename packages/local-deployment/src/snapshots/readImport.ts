import { promisify } from "node:util";

import { parse as parseCsv } from "csv-parse/sync";
import { strFromU8, unzip, type Unzipped } from "fflate";
import type { Value } from "convex/values";

import type { ComponentPath } from "../documents/componentTables.ts";
import { badRequest, type RequestError } from "../requestError.ts";
import { fromExportJson } from "./exportJson.ts";

export type ImportFormat =
  { type: "zip" } | { type: "csv" | "jsonLines" | "jsonArray"; table: string };

/** The documents of one table in an import, and the contents of files by the id of their document. */
export type ImportedTable = {
  component: ComponentPath;
  table: string;
  documents: Record<string, Value | undefined>[];
  files: ReadonlyMap<string, Uint8Array>;
};

const COMPONENTS = "((?:_components/[^/]+/)*)";
// A ZIP may have been packed with a folder around it all.
const DOCUMENTS = new RegExp(`^(?:.*?/)??${COMPONENTS}([^/]+)/documents\\.jsonl$`);
const FILE = new RegExp(`^(?:.*?/)??${COMPONENTS}_storage/([^/.]+)(?:\\.[^/]+)?$`);

/**
 * Reads an uploaded file.
 *
 * @param component what the paths in it are relative to.
 * @throws RequestError 400 that says what is wrong with the file.
 */
export async function readImport(
  content: Uint8Array,
  format: ImportFormat,
  component: ComponentPath,
): Promise<ImportedTable[]> {
  if (format.type === "zip") return readZip(await unpack(content), component);
  const { table } = format;
  const text = strFromU8(content);
  const documents =
    format.type === "csv"
      ? readCsv(text)
      : format.type === "jsonLines"
        ? readLines(text, "float64")
        : readArray(text);
  return [{ component, table, documents, files: new Map() }];
}

async function unpack(content: Uint8Array): Promise<Unzipped> {
  try {
    return await promisify<Uint8Array, Unzipped>(unzip)(content);
  } catch (error) {
    throw wrong("InvalidZip", `invalid zip file: ${String(error)}`);
  }
}

function readZip(entries: Unzipped, base: ComponentPath): ImportedTable[] {
  const tables: ImportedTable[] = [];
  for (const [name, content] of Object.entries(entries)) {
    const [, components = "", table] = DOCUMENTS.exec(name) ?? [];
    if (table === undefined || (table.startsWith("_") && table !== "_storage")) continue;
    const schema = entries[name.replace(/documents\.jsonl$/, "generated_schema.jsonl")];
    const isUniform = schema !== undefined && strFromU8(schema).trim() === '"uniform"';
    const isExact = isUniform || table === "_storage";
    const documents = readLines(strFromU8(content), isExact ? "int64" : "float64");
    const component = componentAt(base, components);
    const files = table === "_storage" ? filesOf(entries, base, component) : new Map();
    tables.push({ component, table, documents, files });
  }
  return tables;
}

function filesOf(entries: Unzipped, base: ComponentPath, component: ComponentPath) {
  const files = new Map<string, Uint8Array>();
  for (const [name, content] of Object.entries(entries)) {
    const [, components = "", id] = FILE.exec(name) ?? [];
    if (id === undefined || id === "documents") continue;
    if (componentAt(base, components) === component) files.set(id, content);
  }
  return files;
}

function componentAt(base: ComponentPath, folders: string): ComponentPath {
  const names = folders.split("/").filter((part) => part !== "" && part !== "_components");
  return [base, ...names].filter((part) => part !== "").join("/");
}

function readLines(text: string, integers: "int64" | "float64"): ImportedTable["documents"] {
  const rows = text.split("\n").map((line, at) => ({ line: line.trim(), row: at + 1 }));
  return rows
    .filter(({ line }) => line !== "")
    .map(({ line, row }) => requireObject(parseRow(line, row, integers), row));
}

function parseRow(line: string, row: number, integers: "int64" | "float64"): Value {
  try {
    return fromExportJson(line, integers);
  } catch (error) {
    throw wrong("JsonInvalidRow", `Row ${row} wasn't valid JSON: ${reasonOf(error)}`);
  }
}

function readArray(text: string): ImportedTable["documents"] {
  let parsed: Value;
  try {
    parsed = fromExportJson(text, "float64");
  } catch (error) {
    throw wrong("NotJson", `Not valid JSON: ${reasonOf(error)}`);
  }
  if (!Array.isArray(parsed)) throw wrong("NotJsonArray", "Not a JSON array");
  return parsed.map((each, at) => requireObject(each, at + 1));
}

function readCsv(text: string): ImportedTable["documents"] {
  let rows: Record<string, string>[];
  try {
    rows = parseCsv(text, { columns: (names: string[]) => names.map((name) => name.trim()) });
  } catch (error) {
    throw wrong("CsvInvalidRow", `Failed to parse the CSV file: ${reasonOf(error)}`);
  }
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cellValue(cell)])),
  );
}

/** A cell that reads as a number is one; everything else is a text. */
function cellValue(cell: string): Value {
  return cell.trim() === "" || cell !== cell.trim() || Number.isNaN(Number(cell))
    ? cell
    : Number(cell);
}

function requireObject(value: Value, row: number): Record<string, Value | undefined> {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  if (isObject && !(value instanceof ArrayBuffer)) return value as Record<string, Value>;
  throw wrong("NotAnObject", `Row ${row} wasn't an object`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function wrong(code: string, message: string): RequestError {
  return badRequest(code, message);
}
