import type { Document } from "./documentStore.ts";

/**
 * The field of system documents that functions never see: where a file's content is, which component's function a job
 * calls. Users' documents cannot have it, as no field of theirs may begin with an underscore.
 */
export const INTERNAL = "_internal";

/** The document as functions see it. */
export function withoutInternal<T extends object>(document: T): T {
  if (!(INTERNAL in document)) return document;
  const { [INTERNAL]: _, ...visible } = document as T & { [INTERNAL]: unknown };
  return visible as T;
}

/** What the deployment itself keeps in a system document. */
export function internalOf(document: Document): Record<string, string> {
  return (document[INTERNAL] ?? {}) as Record<string, string>;
}
