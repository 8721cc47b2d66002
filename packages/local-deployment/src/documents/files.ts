import type { ListedBlobs } from "../storage/blobs.ts";
import { splitTable, type ComponentPath } from "./componentTables.ts";
import type { Commit, Document, DocumentStore } from "./documentStore.ts";
import { internalOf } from "./internalFields.ts";

const TABLE = "_storage";

type FileEntry = { component: ComponentPath; document: Document };

/** Finds files by the id in their URL, and forgets the contents of those that functions delete. */
export class Files {
  readonly #blobs: ListedBlobs;
  readonly #entries = new Map<string, FileEntry>();
  readonly #onFault: (error: unknown) => void;

  constructor(store: DocumentStore, blobs: ListedBlobs, onFault: (error: unknown) => void) {
    this.#blobs = blobs;
    this.#onFault = onFault;
    for (const qualified of store.tableNames())
      for (const document of this.#isFiles(qualified) ? store.list(qualified) : [])
        this.#add(qualified, document);
  }

  see({ changes }: Commit): void {
    for (const { table, before, after } of changes) {
      if (!this.#isFiles(table)) continue;
      if (after !== null) this.#add(table, after);
      else if (before !== null) this.#remove(internalOf(before)["blob"] ?? "");
    }
  }

  /** Removes contents that no file has: a process was killed after it had stored them, and before their file was committed. */
  async sweep(): Promise<void> {
    for (const blob of await this.#blobs.list())
      if (!this.#entries.has(blob)) await this.#blobs.delete(blob);
  }

  find(blob: string): FileEntry | null {
    return this.#entries.get(blob) ?? null;
  }

  #isFiles(qualified: string): boolean {
    return splitTable(qualified).table === TABLE;
  }

  #add(qualified: string, document: Document): void {
    const { component } = splitTable(qualified);
    this.#entries.set(internalOf(document)["blob"] ?? "", { component, document });
  }

  #remove(blob: string): void {
    this.#entries.delete(blob);
    this.#blobs.delete(blob).catch(this.#onFault);
  }
}
