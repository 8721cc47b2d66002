import type { Value } from "convex/values";

import type { DocumentStore } from "../documents/documentStore.ts";
import { badRequest } from "../requestError.ts";
import type { Blobs } from "../storage/blobs.ts";
import { writeSnapshot } from "./writeSnapshot.ts";

/** The newest export. One at a time is kept, as it is in memory. */
export class Exports {
  readonly #source: { readonly documents: DocumentStore; readonly blobs: Blobs };
  #newest: { ts: bigint; zip: Uint8Array } | null = null;

  constructor(source: { readonly documents: DocumentStore; readonly blobs: Blobs }) {
    this.#source = source;
  }

  /** Exports everything as it is now. */
  async request(options: { includeStorage: boolean }): Promise<void> {
    const { documents, blobs } = this.#source;
    const { ts } = documents;
    this.#newest = { ts, zip: await writeSnapshot(documents, blobs, options) };
  }

  /** @throws RequestError 400 if there is no export of that timestamp, or a newer one has taken its place. */
  get(ts: string): Uint8Array {
    if (this.#newest?.ts.toString() === ts) return this.#newest.zip;
    throw badRequest("ExportNotFound", `There is no export ${ts}. Request a new one.`);
  }

  /** The document that the CLI watches. */
  describe(): Value {
    if (this.#newest === null) return null;
    const { ts } = this.#newest;
    return { state: "completed", start_ts: ts, complete_ts: ts, zip_object_key: String(ts) };
  }
}
