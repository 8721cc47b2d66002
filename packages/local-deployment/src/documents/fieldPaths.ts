import type { Value } from "convex/values";

import type { Document } from "./documentStore.ts";

/** The value at a path like `author.name`, or undefined. */
export function fieldAt(document: Document, path: string): Value | undefined {
  if (!path.includes(".")) return document[path];
  let value: Value | undefined = document;
  for (const part of path.split(".")) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
    value = (value as Record<string, Value | undefined>)[part];
  }
  return value;
}
