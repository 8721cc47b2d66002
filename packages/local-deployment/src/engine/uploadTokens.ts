import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import type { ComponentPath } from "../documents/componentTables.ts";
import { unauthenticated } from "../requestError.ts";

const VALID_MS = 60 * 60 * 1000;

type Claims = { component: ComponentPath; expiresAt: number; nonce: string };

/** The tokens in upload URLs. Who has one may store one file or more in that component for an hour. */
export class UploadTokens {
  readonly #secret: string;
  readonly #now: () => number;

  constructor(secret: string, now: () => number = Date.now) {
    this.#secret = secret;
    this.#now = now;
  }

  issue(component: ComponentPath): string {
    const expiresAt = this.#now() + VALID_MS;
    const claims: Claims = { component, expiresAt, nonce: randomBytes(6).toString("base64url") };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return `${payload}.${this.#sign(payload).toString("base64url")}`;
  }

  /**
   * @returns the component that the file is for.
   * @throws RequestError 401 for a token that is not ours, or too old.
   */
  check(token: string): ComponentPath {
    const [payload = "", signature = ""] = token.split(".");
    const given = Buffer.from(signature, "base64url");
    const expected = this.#sign(payload);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw unauthenticated(
        "StorageTokenInvalid",
        "The token of the upload URL is not one of this deployment. Call `storage.generateUploadUrl()` for a new URL.",
      );
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
    if (claims.expiresAt <= this.#now())
      throw unauthenticated(
        "StorageTokenExpired",
        "The upload URL is older than an hour. Call `storage.generateUploadUrl()` for a new one.",
      );
    return claims.component;
  }

  #sign(payload: string): Buffer {
    return createHmac("sha256", this.#secret).update(payload).digest();
  }
}
