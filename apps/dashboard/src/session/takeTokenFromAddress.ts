const FRAGMENT = /^#token=([^&]+)/;

type Place = {
  location: Pick<Location, "hash" | "pathname" | "search">;
  history: Pick<History, "replaceState">;
};

/**
 * Takes the credential out of an address such as `http://127.0.0.1:4173/#token=...`, and at once removes it from there,
 * so that it is neither in the browser's history nor in a copied link.
 *
 * @returns The credential, or null where the address holds none.
 */
export function takeTokenFromAddress({ location, history }: Place): string | null {
  const token = FRAGMENT.exec(location.hash)?.[1];
  if (token === undefined) return null;
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  return decodeURIComponent(token);
}
