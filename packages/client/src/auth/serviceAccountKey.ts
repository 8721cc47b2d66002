import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/** What every key begins with: secret scanners know it by that, and by its checksum. */
export const SERVICE_ACCOUNT_KEY_PREFIX = "klip_";

/** `klip_<account>_<256 random bits>_<checksum>`, the last two in hex. */
const KEY_PATTERN = /^klip_([a-z0-9][a-z0-9.-]{0,62})_[0-9a-f]{64}_([0-9a-f]{8})$/;

const SECRET_BYTES = 32;

/** How many hex digits of its hash name a key, as the deployment counts them. */
const ID_LENGTH = 12;

/** What can be read from a key without asking anybody. */
export type ServiceAccountKey = {
  /** The account that it belongs to. */
  account: string;
  /** What listings and the audit call it. */
  keyId: string;
};

/**
 * Makes a new key. It is a secret, and opens nothing before a deployment has been given its hash.
 *
 * @param account - The account's name.
 */
export function createServiceAccountKey(account: string): string {
  const body = `${SERVICE_ACCOUNT_KEY_PREFIX}${account}_${randomBytes(SECRET_BYTES).toString("hex")}`;
  return `${body}_${checksumOf(body)}`;
}

/** The SHA-256 of a key, in hex: what a deployment keeps of it. */
export function hashServiceAccountKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Whether a text looks like a service-account key; {@link readServiceAccountKey} says whether it is a whole one. */
export function isServiceAccountKey(text: string): boolean {
  return text.startsWith(SERVICE_ACCOUNT_KEY_PREFIX);
}

/** Reads a key; null for a text that is no key, or one with a slip in it. */
export function readServiceAccountKey(text: string): ServiceAccountKey | null {
  const [, account, checksum] = KEY_PATTERN.exec(text) ?? [];
  const body = text.slice(0, text.lastIndexOf("_"));
  if (account === undefined || checksum !== checksumOf(body)) return null;
  return { account, keyId: hashServiceAccountKey(text).slice(0, ID_LENGTH) };
}

function checksumOf(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}
