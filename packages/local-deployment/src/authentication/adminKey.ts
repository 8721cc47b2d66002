import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A new admin key. Without a colon, which would separate an identity to act as. */
export function newAdminKey(): string {
  return `local-deployment|${randomBytes(32).toString("hex")}`;
}

/** Compares two keys in a time that says nothing about where they differ. */
export function isSameKey(given: string, expected: string): boolean {
  const digest = (key: string) => createHash("sha256").update(key).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
