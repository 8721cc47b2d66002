import { ADMIN, ANONYMOUS, type Caller, type Identity } from "../engine/callsAndOutcomes.ts";
import type { AuthProvider } from "../push/authProviders.ts";
import { badRequest, RequestError, unauthenticated } from "../requestError.ts";
import { isSameKey } from "./adminKey.ts";
import { TokenVerifier } from "./jwt.ts";

/** A verified sender, and until when (ms since the epoch; null: for ever). */
export type Authenticated = { caller: Caller; expiresAt: number | null };

const SHORTEST_HEADER = 7;

/** Finds out who sends a request, or refuses it. */
export class Authenticator {
  readonly #adminKey: string;
  readonly #providers: () => readonly AuthProvider[];
  readonly #tokens = new TokenVerifier();

  constructor(adminKey: string, providers: () => readonly AuthProvider[]) {
    this.#adminKey = adminKey;
    this.#providers = providers;
  }

  /**
   * @param header the `Authorization` header, or null without one: anonymous.
   * @throws RequestError 400 or 401 for a header that is none, a wrong key or a token that does not verify.
   */
  async fromHeader(header: string | null): Promise<Authenticated> {
    if (header === null) return { caller: ANONYMOUS, expiresAt: null };
    if (header.length < SHORTEST_HEADER)
      throw badRequest("InvalidHeaderFailure", "The Authorization header is too short.");
    const [, scheme = "", credential = ""] = /^(\S+) +(.*)$/.exec(header) ?? [];
    switch (scheme.toLowerCase()) {
      case "convex":
        return { caller: this.fromAdminKey(credential), expiresAt: null };
      case "bearer":
        return await this.fromToken(credential);
      default:
        throw badRequest(
          "InvalidAdminKey",
          "The Authorization header must start with `Convex ` or `Bearer `.",
        );
    }
  }

  /** @param key the admin key, or `key:<base64 JSON identity>` to act as a user. */
  fromAdminKey(key: string): Caller {
    const separator = key.indexOf(":");
    this.requireAdminKey(separator === -1 ? key : key.slice(0, separator));
    if (separator === -1) return ADMIN;
    try {
      const json = Buffer.from(key.slice(separator + 1), "base64").toString();
      return { isAdmin: true, identity: JSON.parse(json) as Identity };
    } catch {
      throw badRequest("InvalidHeaderFailure", "The identity to act as is not base64 of JSON.");
    }
  }

  requireAdminKey(key: unknown): void {
    if (typeof key !== "string" || !isSameKey(key, this.#adminKey))
      throw unauthenticated("BadAdminKey", "The provided admin key was invalid for this instance");
  }

  async fromToken(token: string): Promise<Authenticated> {
    const { identity, expiresAt } = await this.#tokens.verify(token, this.#providers());
    return { caller: { isAdmin: false, identity }, expiresAt };
  }
}

export function requireAdmin(caller: Caller): void {
  if (caller.isAdmin) return;
  throw new RequestError(
    403,
    "BadDeployKey",
    "The provided deploy key is invalid for this deployment. Please check that you are using the admin key of this deployment.",
  );
}
