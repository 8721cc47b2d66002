/** Who is signed in, as the deployment or their token says; the backend decides, this is for showing. */
export type Account = {
  subject: string;
  /** Null where only the backend knows them: an exchange says them, a token does not. */
  scopes: readonly string[] | null;
  /** When the token ends, in milliseconds since the epoch. */
  expiresAt: number;
};

/** Reads what a token says of its holder, without checking its signature; null where the text is no token. */
export function readToken(token: string): Account | null {
  const { sub, exp } = (decodeClaims(token) ?? {}) as Record<string, unknown>;
  if (typeof sub !== "string" || typeof exp !== "number") return null;
  return { subject: sub, scopes: null, expiresAt: exp * 1000 };
}

/** Whether to offer what needs `videos:write`. */
export function mayWrite(account: Account | null): boolean {
  return account !== null && (account.scopes?.includes("videos:write") ?? true);
}

function decodeClaims(token: string): unknown {
  const encoded = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not base64url, or not JSON: the caller reports it as what it is, no token.
    return null;
  }
}
