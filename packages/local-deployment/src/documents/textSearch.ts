/**
 * Text search as the real backend's search index does it: the same words, the same ranking. Written here, as no search
 * library ranks by its formula over documents that somebody else keeps.
 */
import type { Document } from "./documentStore.ts";
import { fieldAt } from "./fieldPaths.ts";

const LONGEST_TERM_BYTES = 31;
const MOST_QUERY_TERMS = 16;
const MOST_TERMS_OF_A_PREFIX = 16;
const PREFIX_BOOST = 0.5;
/** BM25: how soon further mentions of a word stop to count, and how much the length of a text counts. */
const K1 = 1.2;
const B = 0.75;

export type Ranked = { document: Document; score: number };

/** The words of a text. */
export function termsOf(text: string): string[] {
  const terms = text.match(/[\p{Alphabetic}\p{N}]+/gu) ?? [];
  return terms
    .filter((term) => Buffer.byteLength(term) <= LONGEST_TERM_BYTES)
    .map((term) => term.toLowerCase());
}

/**
 * The documents that have a word of the query, the best first; of the last word, the beginning is enough.
 *
 * @param documents all documents of the table.
 */
export function rankByText(
  documents: Iterable<Document>,
  { field, query }: { field: string; query: string },
): Ranked[] {
  const indexed = [...documents].map((document) => indexOf(document, field));
  const frequencies = documentFrequencies(indexed);
  const terms = searchedTerms(query, frequencies);
  const averageLength = sum(indexed.map(({ length }) => length)) / indexed.length;
  const ranked: Ranked[] = [];
  for (const { document, length, counts } of indexed) {
    const norm = K1 * (1 - B + (B * rounded(length)) / averageLength);
    let score = 0;
    for (const [term, boost] of terms) {
      const count = counts.get(term);
      if (count === undefined) continue;
      const weight = inverseFrequency(frequencies.get(term) ?? 0, indexed.length);
      score += (boost * weight * (1 + K1) * count) / (count + norm);
    }
    if (score > 0) ranked.push({ document, score: Math.fround(score) });
  }
  return ranked.sort(
    (a, b) => b.score - a.score || b.document._creationTime - a.document._creationTime,
  );
}

type Indexed = { document: Document; length: number; counts: Map<string, number> };
// A document never changes: a new version of it is another object.
const indexes = new WeakMap<Document, Map<string, Indexed>>();

function indexOf(document: Document, field: string): Indexed {
  let byField = indexes.get(document);
  if (byField === undefined) indexes.set(document, (byField = new Map<string, Indexed>()));
  let indexed = byField.get(field);
  if (indexed === undefined) {
    const text = fieldAt(document, field);
    const terms = typeof text === "string" ? termsOf(text) : [];
    const counts = new Map<string, number>();
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
    byField.set(field, (indexed = { document, length: terms.length, counts }));
  }
  return indexed;
}

function documentFrequencies(indexed: Indexed[]): Map<string, number> {
  const frequencies = new Map<string, number>();
  for (const { counts } of indexed)
    for (const term of counts.keys()) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  return frequencies;
}

/** The words to look for, and how much each counts. */
function searchedTerms(query: string, known: ReadonlyMap<string, number>): Map<string, number> {
  const terms = termsOf(query).slice(0, MOST_QUERY_TERMS);
  const searched = new Map<string, number>();
  const last = terms.at(-1);
  if (last === undefined) return searched;
  const completed = [...known.keys()].filter((term) => term.startsWith(last)).sort();
  for (const term of completed.slice(0, MOST_TERMS_OF_A_PREFIX)) searched.set(term, PREFIX_BOOST);
  for (const term of terms) searched.set(term, 1);
  return searched;
}

function inverseFrequency(frequency: number, total: number): number {
  return Math.log(1 + (total - frequency + 0.5) / (frequency + 0.5));
}

/** The index keeps the length of a text in one byte: exactly up to 40 words, then in ever larger steps. */
function rounded(length: number): number {
  const exact = 24;
  if (length < exact) return length;
  const rest = length - exact;
  const shift = Math.max(0, 32 - Math.clz32(rest) - 4);
  return exact + ((rest >> shift) << shift);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
