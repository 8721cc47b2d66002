import { convexToJson, getConvexSize } from "convex/values";

import type { Document } from "./documentStore.ts";
import { withoutInternal } from "./internalFields.ts";

// A change makes a new document: what was made of one holds for as long as it is there.
const texts = new WeakMap<Document, string>();
const sizes = new WeakMap<Document, number>();

/** A document as functions see it, made into JSON when it is first read. */
export function jsonOf(document: Document): string {
  let text = texts.get(document);
  if (text === undefined) {
    text = JSON.stringify(convexToJson(withoutInternal(document)));
    texts.set(document, text);
  }
  return text;
}

/** What a document counts against the limits of a transaction, in bytes. */
export function sizeOf(document: Document): number {
  let size = sizes.get(document);
  if (size === undefined) {
    size = getConvexSize(document);
    sizes.set(document, size);
  }
  return size;
}
