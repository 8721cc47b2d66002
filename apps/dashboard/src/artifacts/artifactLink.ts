import { artifactUrlSchema } from "@klipstream/contract";

/** What a browser can do with an artifact URL. */
export type ArtifactLink =
  /** It can be opened and fetched. */
  | { kind: "web"; href: string }
  /** An object store's own address, for its own tools. */
  | { kind: "store"; text: string }
  /** Not one that the contract allows: shown, never linked. */
  | { kind: "refused"; text: string };

/** Decides whether a URL becomes a link. Data can be older than the rules that new data is checked by. */
export function linkOf(url: string): ArtifactLink {
  if (!artifactUrlSchema.safeParse(url).success) return { kind: "refused", text: url };
  const { protocol } = new URL(url);
  return protocol === "https:" || protocol === "http:"
    ? { kind: "web", href: url }
    : { kind: "store", text: url };
}
