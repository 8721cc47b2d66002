import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";

import type { ChatMessage } from "../vod/chatLog.ts";
import type { Segment, Word } from "../vod/transcript.ts";

const CHAT_COLUMNS = ["offsetSeconds", "author", "message", "bits", "badges"];
const TRANSCRIPT_COLUMNS = ["startSeconds", "endSeconds", "text"];
const WORD_COLUMNS = ["startSeconds", "endSeconds", "word"];

// Chat is written by strangers, and people open CSV files in spreadsheets: what looks like a formula gets a quote.
const OPTIONS = { header: true, escape_formulas: true } as const;

export function chatTable(messages: readonly ChatMessage[]): string {
  const rows = messages.map((message) => ({ ...message, badges: message.badges.join(" ") }));
  return stringify(rows, { ...OPTIONS, columns: CHAT_COLUMNS });
}

export function transcriptTable(segments: readonly Segment[]): string {
  return stringify([...segments], { ...OPTIONS, columns: TRANSCRIPT_COLUMNS });
}

export function wordTable(words: readonly Word[]): string {
  return stringify([...words], { ...OPTIONS, columns: WORD_COLUMNS });
}

const seconds = z.coerce.number().min(0);
const chatRowSchema = z.object({
  offsetSeconds: seconds,
  author: z.string(),
  message: z.string(),
  bits: z.coerce.number(),
  badges: z.string().transform((badges) => (badges === "" ? [] : badges.split(" "))),
});
const segmentRowSchema = z.object({ startSeconds: seconds, endSeconds: seconds, text: z.string() });
const wordRowSchema = z.object({ startSeconds: seconds, endSeconds: seconds, word: z.string() });

/** Throws where the text is no table of chat messages; so do the two below. */
export function parseChatTable(csv: string): ChatMessage[] {
  return parseTable(csv, chatRowSchema, CHAT_COLUMNS);
}

export function parseTranscriptTable(csv: string): Omit<Segment, "words">[] {
  return parseTable(csv, segmentRowSchema, TRANSCRIPT_COLUMNS);
}

export function parseWordTable(csv: string): Word[] {
  return parseTable(csv, wordRowSchema, WORD_COLUMNS);
}

function parseTable<T>(csv: string, schema: z.ZodType<T>, columns: readonly string[]): T[] {
  const [header, ...rows]: string[][] = parse(csv);
  if (header?.join() !== columns.join()) {
    const found = header?.join(", ") ?? "absent";
    throw new Error(`the table's columns are ${found}, not ${columns.join(", ")}`);
  }
  return rows.map((row) =>
    schema.parse(Object.fromEntries(row.map((cell, index) => [columns[index], cell]))),
  );
}
