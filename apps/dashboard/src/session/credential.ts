/** What a person signs in with: an opaque key, which the deployment exchanges for tokens, or a token itself. */
export type Credential = { kind: "key" | "token"; text: string };

const KEY_PREFIX = "klip_";
/** Three parts of base64url: header, claims, signature. */
const TOKEN_PATTERN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Decides by its form what a pasted text is; null where it is neither. */
export function readCredential(pasted: string): Credential | null {
  const text = pasted.trim();
  if (text.startsWith(KEY_PREFIX) && !/\s/.test(text)) return { kind: "key", text };
  if (TOKEN_PATTERN.test(text)) return { kind: "token", text };
  return null;
}
