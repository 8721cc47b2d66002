import type { Value } from "convex/values";

import type { Document } from "./documentStore.ts";
import { fieldAt } from "./fieldPaths.ts";
import { compare } from "./readSet.ts";

/** A change moves no more documents than are in one block, however many there are in all. */
const LARGEST_BLOCK = 512;

export type Order = "asc" | "desc";
type Place = { block: number; at: number };
/** The documents from one place to another. It holds until the next change. */
export type Range = { from: Place; to: Place };
type Condition = (document: Document) => boolean;

/** Documents in ascending order of some fields, of which the last is `_id`. */
export class SortedDocuments {
  readonly fields: readonly string[];
  readonly #blocks: Document[][] = [];

  constructor(fields: readonly string[], documents: Iterable<Document>) {
    this.fields = fields;
    const sorted = [...documents].sort((a, b) => compareBy(fields, a, b));
    for (let at = 0; at < sorted.length; at += LARGEST_BLOCK / 2)
      this.#blocks.push(sorted.slice(at, at + LARGEST_BLOCK / 2));
  }

  /** Takes a document in, or out, or another one in its place. */
  change(before: Document | null, after: Document | null): void {
    if (before !== null && after !== null && this.#areAtOnePlace(before, after))
      this.#splice(before, [after]);
    else {
      if (before !== null) this.#splice(before, []);
      if (after !== null) this.#insert(after);
    }
  }

  /** @param side says whether a document is before (less than 0), in (0) or behind the range. */
  range(side: (document: Document) => number): Range {
    const from = this.#firstWhere((document) => side(document) >= 0);
    return { from, to: this.#firstAfter(from, (document) => side(document) > 0) };
  }

  /** The documents are taken as it goes on. */
  *inOrder({ from, to }: Range, order: Order): Generator<Document> {
    const [begin, end, step] = order === "asc" ? [from, to, 1] : [to, from, -1];
    for (let block = begin.block; (end.block - block) * step >= 0; block += step) {
      const documents = this.#blocks[block] ?? [];
      const low = block === from.block ? from.at : 0;
      const high = block === to.block ? to.at : documents.length;
      for (let at = step > 0 ? low : high - 1; at >= low && at < high; at += step) {
        const document = documents[at];
        if (document !== undefined) yield document;
      }
    }
  }

  #areAtOnePlace(a: Document, b: Document): boolean {
    // Not `===`: 0 and -0 are at different places.
    return this.fields.every((field) => Object.is(fieldAt(a, field), fieldAt(b, field)));
  }

  #splice(document: Document, instead: Document[]): void {
    const { block, at } = this.#firstWhere(this.#isNotBefore(document));
    const documents = this.#blocks[block];
    if (documents?.[at]?._id !== document._id) return;
    documents.splice(at, 1, ...instead);
    if (documents.length === 0) this.#blocks.splice(block, 1);
  }

  #insert(document: Document): void {
    const { block, at } = this.#firstWhere(this.#isNotBefore(document));
    // Behind the last of all: into the last block.
    const into = Math.max(0, Math.min(block, this.#blocks.length - 1));
    const documents = this.#blocks[into];
    if (documents === undefined) {
      this.#blocks.push([document]);
      return;
    }
    documents.splice(into === block ? at : documents.length, 0, document);
    if (documents.length > LARGEST_BLOCK)
      this.#blocks.splice(into + 1, 0, documents.splice(LARGEST_BLOCK / 2));
  }

  #isNotBefore(document: Document): Condition {
    const { fields } = this;
    const key = fields.map((field) => fieldAt(document, field));
    return (other) => compareWithKey(fields, other, key) >= 0;
  }

  /** The first place from which the condition holds; it must hold for all later ones, too. */
  #firstWhere(holds: Condition): Place {
    const blocks = this.#blocks;
    const block = firstIn(blocks.length, (at) => isTrueAt(blocks[at], -1, holds));
    const documents = blocks[block] ?? [];
    return { block, at: firstIn(documents.length, (at) => isTrueAt(documents, at, holds)) };
  }

  /** The same, where it does not hold for what is before a place: most ranges are short, and end close by. */
  #firstAfter(from: Place, holds: Condition): Place {
    const documents = this.#blocks[from.block] ?? [];
    let low = from.at;
    for (let step = 1; low < documents.length; step *= 2) {
      const next = Math.min(low + step, documents.length) - 1;
      if (isTrueAt(documents, next, holds)) {
        const start = low;
        const found = firstIn(next - start, (at) => isTrueAt(documents, start + at, holds));
        return { block: from.block, at: start + found };
      }
      low = next + 1;
    }
    return this.#firstWhere(holds);
  }
}

export function compareBy(fields: readonly string[], a: Document, b: Document): number {
  for (const field of fields) {
    const order = compare(fieldAt(a, field), fieldAt(b, field));
    if (order !== 0) return order;
  }
  return 0;
}

function compareWithKey(
  fields: readonly string[],
  document: Document,
  key: (Value | undefined)[],
): number {
  for (let at = 0; at < fields.length; at++) {
    const order = compare(fieldAt(document, fields[at] ?? ""), key[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function isTrueAt(documents: Document[] | undefined, at: number, holds: Condition): boolean {
  const document = documents?.at(at);
  return document !== undefined && holds(document);
}

/** The first of so many numbers for which the condition holds; it must hold for all later ones, too. */
function firstIn(count: number, holds: (at: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
