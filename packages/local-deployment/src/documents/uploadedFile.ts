import { randomUUID } from "node:crypto";

import { badRequest } from "../requestError.ts";
import { hashOf, isHash } from "../storage/contentHash.ts";

export type UploadedFile = {
  content: Uint8Array;
  contentType: string | null;
  /** What its sender says its hash is. */
  sha256: string | undefined;
};

/** What a document of `_storage` is made of. */
export type StoredFile = {
  /** The id of its content, which is also in its URL. */
  blob: string;
  size: number;
  sha256: string;
  contentType: string | null;
};

/**
 * What is kept about a new file.
 *
 * @throws RequestError 400 if its content has another hash than its sender says.
 */
export function describeFile({ content, contentType, sha256: said }: UploadedFile): StoredFile {
  const sha256 = hashOf(content);
  if (said !== undefined && !isHash(said, sha256))
    throw badRequest("Sha256Mismatch", `Sha256 mismatch. Expected: ${said} Actual: ${sha256}`);
  return { blob: randomUUID(), size: content.length, sha256, contentType };
}
