export const TWITCH_ID_PATTERN = /^\d{1,20}$/;

/**
 * Reads a Twitch ID from what people paste.
 *
 * @param text - Digits (`2434635255`), the same with a `v` in front, or any `twitch.tv/videos/...` address, with or
 *   without scheme, sub-domain, query and fragment. White space around it is ignored.
 * @returns The digits, or null where the text holds no Twitch ID.
 */
export function parseTwitchId(text: string): string | null {
  const trimmed = text.trim();
  const bare = /^v?(\d{1,20})$/i.exec(trimmed)?.[1];
  return bare ?? parseVideoAddress(trimmed);
}

/**
 * Whether a Twitch ID is a scratch one. Twitch never issues an ID with a leading zero, so these belong to smoke tests
 * and may be removed.
 */
export function isScratchTwitchId(twitchId: string): boolean {
  return twitchId.startsWith("0");
}

function parseVideoAddress(text: string): string | null {
  const address = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(address)) return null;
  const { protocol, hostname, pathname } = new URL(address);
  const isWeb = protocol === "https:" || protocol === "http:";
  const isTwitch = hostname === "twitch.tv" || hostname.endsWith(".twitch.tv");
  if (!isWeb || !isTwitch) return null;
  return /^\/videos\/v?(\d{1,20})\/?$/i.exec(pathname)?.[1] ?? null;
}
