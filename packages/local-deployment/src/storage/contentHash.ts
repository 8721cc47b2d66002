import { createHash } from "node:crypto";

/** The SHA-256 of a content as documents of `_storage` have it: in base64. */
export function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("base64");
}

/** Whether a hash as somebody wrote it, in base64 or hex, is this one. */
export function isHash(written: string, hash: string): boolean {
  return written === hash || Buffer.from(written, "hex").toString("base64") === hash;
}
