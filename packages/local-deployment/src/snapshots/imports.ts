import { randomUUID } from "node:crypto";

import type { Value } from "convex/values";

import { qualifiedTable, splitTable, type ComponentPath } from "../documents/componentTables.ts";
import type { DocumentStore } from "../documents/documentStore.ts";
import type { Files } from "../documents/files.ts";
import { INTERNAL } from "../documents/internalFields.ts";
import type { TableImport } from "../engine/callsAndOutcomes.ts";
import { badRequest, RequestError } from "../requestError.ts";
import type { Blobs } from "../storage/blobs.ts";
import { hashOf } from "../storage/contentHash.ts";
import { readImport, type ImportedTable, type ImportFormat } from "./readImport.ts";

export type ImportMode = "requireEmpty" | "append" | "replace" | "replaceAll";

export type ImportRequest = { format: ImportFormat; mode: ImportMode; component: ComponentPath };

/** How far an import is, as the CLI is told. */
type ImportState =
  | {
      state: "waiting_for_confirmation";
      message_to_confirm: string;
      require_manual_confirmation: boolean;
    }
  | { state: "completed"; num_rows_written: bigint }
  | { state: "failed"; error_message: string };

type Import = { mode: ImportMode; tables: ImportedTable[]; state: ImportState };

const FILES_TABLE = "_storage";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const KEPT = 20;

/** What importing needs from the deployment. */
export type ImportTarget = {
  readonly documents: DocumentStore;
  readonly blobs: Blobs;
  readonly files: Files;
  /** Writes documents in one transaction, and says how many. */
  importTables(tables: TableImport[]): Promise<number>;
};

/** Imports: a file is uploaded in parts, read, confirmed, and written. */
export class Imports {
  readonly #target: ImportTarget;
  readonly #uploads = new Map<string, Map<number, Uint8Array>>();
  readonly #imports = new Map<string, Import>();

  constructor(target: ImportTarget) {
    this.#target = target;
  }

  startUpload(): string {
    const token = randomUUID();
    this.#uploads.set(token, new Map());
    forgetOldest(this.#uploads);
    return token;
  }

  /** @returns the token of the part. */
  addPart(uploadToken: string, part: number, content: Uint8Array): string {
    this.#parts(uploadToken).set(part, content);
    return String(part);
  }

  /**
   * Reads what was uploaded.
   *
   * @returns the id of the import, which waits for `perform`, or has failed already.
   */
  async finishUpload(
    uploadToken: string,
    { format, mode, component }: ImportRequest,
  ): Promise<string> {
    const parts = [...this.#parts(uploadToken)].sort(([a], [b]) => a - b);
    this.#uploads.delete(uploadToken);
    const content = Buffer.concat(parts.map(([, part]) => part));
    const id = randomUUID();
    this.#imports.set(id, { mode, tables: [], state: failed("It has not been read yet.") });
    forgetOldest(this.#imports);
    await this.#step(id, async (each) => {
      each.tables = await readImport(content, format, component);
      return this.#confirmation(each);
    });
    return id;
  }

  /** Writes the documents of a confirmed import. */
  async perform(id: string): Promise<void> {
    if (this.#imports.get(id)?.state.state !== "waiting_for_confirmation")
      throw badRequest("InvalidImport", `There is no import ${id} that waits for confirmation.`);
    await this.#step(id, async ({ mode, tables }) => {
      const writes: TableImport[] = [];
      for (const table of tables) writes.push(await this.#tableImport(table, mode));
      if (mode === "replaceAll") writes.unshift(...this.#otherTables(tables));
      const written = await this.#target.importTables(writes);
      return { state: "completed", num_rows_written: BigInt(written) };
    });
  }

  /** The document that the CLI watches. */
  describe(id: string): Value {
    const found = this.#imports.get(id);
    return found === undefined ? null : { _id: id, state: found.state };
  }

  async #step(
    id: string,
    run: (each: Import) => Promise<ImportState> | ImportState,
  ): Promise<void> {
    const found = this.#imports.get(id);
    if (found === undefined) return;
    try {
      found.state = await run(found);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      found.state = failed(`Hit an error while importing:\n${error.message}`);
    }
    // The documents are written, or will never be.
    if (found.state.state !== "waiting_for_confirmation") found.tables = [];
  }

  #parts(uploadToken: string): Map<number, Uint8Array> {
    const parts = this.#uploads.get(uploadToken);
    if (parts !== undefined) return parts;
    throw badRequest("InvalidUploadToken", "This upload is not known. Start the import again.");
  }

  #confirmation({ mode, tables }: Import): ImportState {
    const others = mode === "replaceAll" ? this.#otherTables(tables) : [];
    const changes = [...tables, ...others].map(({ component, table, documents }) => {
      const existing = this.#target.documents.count(qualifiedTable(component, table));
      if (mode === "requireEmpty" && existing > 0)
        throw badRequest(
          "TableExists",
          `Table ${table} already exists. Please choose a new table name or use replace/append modes.`,
        );
      const deleted = mode === "replace" || mode === "replaceAll" ? existing : 0;
      return {
        name: qualifiedTable(component, table),
        created: documents.length,
        deleted,
        existing,
      };
    });
    return {
      state: "waiting_for_confirmation",
      message_to_confirm: [
        "Import change summary:",
        ...changes.map(
          ({ name, created, deleted, existing }) =>
            `${name}: create ${created}, delete ${deleted} of ${existing}`,
        ),
      ].join("\n"),
      require_manual_confirmation: changes.some(({ deleted }) => deleted > 0),
    };
  }

  /** The tables of functions that are not in the import, to be emptied. */
  #otherTables(tables: readonly ImportedTable[]): TableImport[] {
    const imported = new Set(
      tables.map(({ component, table }) => qualifiedTable(component, table)),
    );
    return this.#target.documents
      .tableNames()
      .filter((name) => !imported.has(name) && !splitTable(name).table.startsWith("_"))
      .map((name) => ({ ...splitTable(name), isCleared: true, documents: [] }));
  }

  async #tableImport(imported: ImportedTable, mode: ImportMode): Promise<TableImport> {
    const { component, table } = imported;
    const isCleared = mode === "replace" || mode === "replaceAll";
    if (table !== FILES_TABLE)
      return { component, table, isCleared, documents: imported.documents };
    const documents: TableImport["documents"] = [];
    for (const document of imported.documents)
      documents.push(await this.#fileDocument(document, imported.files));
    return { component, table, isCleared, documents };
  }

  async #fileDocument(
    { internalId, ...document }: Record<string, Value | undefined>,
    files: ImportedTable["files"],
  ): Promise<TableImport["documents"][number]> {
    const { _id: id } = document;
    const content = typeof id === "string" ? files.get(id) : undefined;
    if (typeof id !== "string" || content === undefined)
      throw new RequestError(
        400,
        "MissingFile",
        `The content of the file ${JSON.stringify(id)} is missing.`,
      );
    const blob = this.#blobId(internalId, id);
    await this.#target.blobs.put(blob, content);
    return {
      ...document,
      // Exports have it as an int64.
      size: content.length,
      sha256: hashOf(content),
      [INTERNAL]: { blob },
    };
  }

  /** URLs of files stay what they are where that is possible. */
  #blobId(given: Value | undefined, documentId: string): string {
    if (typeof given !== "string" || !UUID.test(given)) return randomUUID();
    const owner = this.#target.files.find(given)?.document;
    return owner === undefined || owner._id === documentId ? given : randomUUID();
  }
}

function failed(error_message: string): ImportState {
  return { state: "failed", error_message };
}

function forgetOldest(entries: Map<string, unknown>): void {
  for (const key of entries.keys()) {
    if (entries.size <= KEPT) return;
    entries.delete(key);
  }
}
