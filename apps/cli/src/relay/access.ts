import { createHash, timingSafeEqual } from "node:crypto";

import { type Answer, failure } from "./answers.ts";

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Refuses a request that may not pass: one from a web page, which sends `Origin` or `Sec-Fetch-Site`, or reaches this machine
 * under another name; or one without the token, where one is required.
 *
 * @param requiredToken - Null where callers on this machine need none.
 * @returns The refusal, or null for a request that may pass.
 */
export function refuseAccess(headers: Headers, requiredToken: string | null): Answer | null {
  // A page asks for an image without an origin.
  if (headers.has("origin") || headers.has("sec-fetch-site"))
    return failure(403, "OriginRefused", "The relay does not answer web pages.");
  if (requiredToken !== null) return refuseToken(headers, requiredToken);
  const host = (headers.get("host") ?? "").replace(/:\d+$/, "").toLowerCase();
  if (LOOPBACK_NAMES.has(host)) return null;
  return failure(403, "HostRefused", "Address the relay as 127.0.0.1 or localhost.");
}

function refuseToken(headers: Headers, required: string): Answer | null {
  const sent = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
  if (sent !== undefined && isSame(sent, required)) return null;
  const how = "Send the relay's token as `Authorization: Bearer <token>`.";
  return failure(401, "RelayTokenRefused", how);
}

function isSame(sent: string, required: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(sent), digest(required));
}
