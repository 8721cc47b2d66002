import { randomUUID } from "node:crypto";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { Document } from "../documents/documentStore.ts";
import { tableOfId } from "../documents/ids.ts";
import { INTERNAL, internalOf } from "../documents/internalFields.ts";
import type { StoredFile } from "../documents/uploadedFile.ts";
import type { Blobs } from "../storage/blobs.ts";
import { hashOf, isHash } from "../storage/contentHash.ts";
import type { EngineDatabase } from "./convexTestInternals.ts";
import { currentFunction } from "./currentFunction.ts";
import type { EngineComponents } from "./engineComponents.ts";
import type { UploadTokens } from "./uploadTokens.ts";

export const FILES_TABLE = "_storage";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type StorageArgs = { storageId: unknown };

/** `ctx.storage`: what a file is is a document of `_storage`, its content is among the blobs. */
export class FileStorage {
  readonly #components: EngineComponents;
  readonly #blobs: Blobs;
  readonly #tokens: UploadTokens;
  readonly #untilStored: () => Promise<void>;
  /** The deployment's address, as URLs begin. */
  cloudUrl = "";

  constructor(
    components: EngineComponents,
    { blobs, tokens }: { blobs: Blobs; tokens: UploadTokens },
    untilStored: () => Promise<void>,
  ) {
    this.#untilStored = untilStored;
    this.#components = components;
    this.#blobs = blobs;
    this.#tokens = tokens;
    for (const [name, run] of Object.entries(this.#syscalls))
      components.internals.wrapSyscalls(
        [name],
        () => async (_op, json) => JSON.stringify(await run(JSON.parse(json) as StorageArgs)),
      );
    components.internals.wrapJsSyscall((next) => async (op, args) => {
      if (op === "storage/storeBlob") return await this.#store(args as StoreArgs);
      if (op === "storage/getBlob") return await this.#get(args as StorageArgs);
      return await next(op, args);
    });
  }

  /**
   * Makes a file of a content that is among the blobs. Runs in a transaction.
   *
   * @returns the id of its document.
   */
  insert(component: ComponentPath, { blob, size, sha256, contentType }: StoredFile): string {
    return this.#components.database(component).insert(FILES_TABLE, {
      size,
      sha256,
      ...(contentType === null ? {} : { contentType }),
      [INTERNAL]: { blob },
    });
  }

  readonly #syscalls: Record<string, (args: StorageArgs) => Promise<unknown>> = {
    "1.0/storageGenerateUploadUrl": () => {
      const token = this.#tokens.issue(componentNow());
      return Promise.resolve(`${this.cloudUrl}/api/storage/upload?token=${token}`);
    },
    "1.0/storageGetUrl": async ({ storageId }) => {
      const file = await this.#find("storage.getUrl", storageId);
      if (file === null) return null;
      const component = componentNow();
      const query = component === "" ? "" : `?component=${encodeURIComponent(component)}`;
      return `${this.cloudUrl}/api/storage/${internalOf(file)["blob"] ?? ""}${query}`;
    },
    "1.0/storageGetMetadata": async ({ storageId }) => {
      const file = await this.#find("storage.getMetadata", storageId);
      if (file === null) return null;
      const { size, sha256, contentType = null } = file;
      const hash = Buffer.from(sha256 as string, "base64").toString("hex");
      return { storageId: internalOf(file)["blob"], sha256: hash, size, contentType };
    },
    "1.0/storageDelete": async ({ storageId }) => {
      await this.#inTransaction((database) => {
        const file = findFile(database, "storage.delete", storageId);
        if (file === null) throw new Error(`storage id ${String(storageId)} not found`);
        database.delete(FILES_TABLE, file._id);
      });
      return null;
    },
  };

  async #store({ blob: content, options }: StoreArgs): Promise<string> {
    const bytes = new Uint8Array(await content.arrayBuffer());
    const sha256 = hashOf(bytes);
    if (options?.sha256 !== undefined && !isHash(options.sha256, sha256))
      throw new Error(`Sha256 mismatch. Expected: ${options.sha256} Actual: ${sha256}`);
    const blob = randomUUID();
    const contentType = content.type === "" ? null : content.type;
    await this.#blobs.put(blob, bytes);
    const file = { blob, size: bytes.length, sha256, contentType };
    return await this.#inTransaction(() => this.insert(componentNow(), file));
  }

  async #get({ storageId }: StorageArgs): Promise<Blob | null> {
    const file = await this.#find("storage.get", storageId);
    const content = file && (await this.#blobs.get(internalOf(file)["blob"] ?? ""));
    if (file === null || content === null) return null;
    return new Blob([Uint8Array.from(content)], {
      type: (file["contentType"] as string | undefined) ?? "",
    });
  }

  async #find(method: string, storageId: unknown): Promise<Document | null> {
    return await this.#inTransaction((database) => findFile(database, method, storageId));
  }

  /** An action is in no transaction of its own, and goes on when its change is durable. */
  async #inTransaction<T>(run: (database: EngineDatabase) => T): Promise<T> {
    const component = componentNow();
    const database = this.#components.database(component);
    if (currentFunction.getStore()?.kind !== "action") return run(database);
    const results: T[] = [];
    await this.#components.test.runInComponent(component, async () => {
      results.push(await run(database));
      return null;
    });
    await this.#untilStored();
    return results[0] as T;
  }
}

type StoreArgs = { blob: Blob; options?: { sha256?: string } };

function componentNow(): ComponentPath {
  return currentFunction.getStore()?.component ?? "";
}

/** @param storageId the id of a document of `_storage`, or what old clients have: the UUID of its content. */
function findFile(database: EngineDatabase, method: string, storageId: unknown): Document | null {
  const id = String(storageId);
  if (UUID.test(id)) {
    const source = { type: "FullTableScan", tableName: FILES_TABLE } as const;
    const files = database._evaluateQuery({ source, operators: [] });
    return files.find((file) => internalOf(file)["blob"] === id) ?? null;
  }
  const table = tableOfId(id);
  if (table === FILES_TABLE) return database.get(FILES_TABLE, id);
  if (table !== null)
    throw new Error(
      "Invalid storage ID. Storage ID cannot be an ID on any table other than '_storage'.",
    );
  throw new Error(
    `Invalid argument \`storageId\` for \`${method}\`: Invalid storage ID: "${id}". Storage ID should be an Id of '_storage' table, or a UUID string.`,
  );
}
