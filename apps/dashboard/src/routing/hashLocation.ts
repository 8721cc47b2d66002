import { useSyncExternalStore } from "react";
import type { BaseLocationHook } from "wouter";

/**
 * Addresses live in the fragment (`#/videos/123?tab=chat`): the built page is static files, and a host that knows nothing
 * of its routes serves them all.
 */
export function splitHash(hash: string): { path: string; search: string } {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  return { path: `/${path}`, search };
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

function navigate(to: string, options: { replace?: boolean } = {}): void {
  const before = location.href;
  const target = `#${to}`;
  if (options.replace === true) history.replaceState(history.state, "", target);
  else history.pushState(null, "", target);
  // The two above tell nobody.
  dispatchEvent(new HashChangeEvent("hashchange", { oldURL: before, newURL: location.href }));
}

export const useHashPath: BaseLocationHook & { hrefs: (href: string) => string } = Object.assign(
  (): [string, typeof navigate] => [
    useSyncExternalStore(subscribe, () => splitHash(location.hash).path),
    navigate,
  ],
  { hrefs: (href: string) => `#${href}` },
);

export function useHashSearch(): string {
  return useSyncExternalStore(subscribe, () => splitHash(location.hash).search);
}
