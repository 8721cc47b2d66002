import { join } from "node:path";

import { z } from "zod";

import { readJson } from "./readJson.ts";

const TRANSCRIPT_FILE = "transcript.json";

const seconds = z.number().min(0);
const endsAfterStart = ({ start, end }: { start: number; end: number }): boolean => end >= start;
const ORDER_MESSAGE = "must not end before it starts";

const wordSchema = z
  .looseObject({ word: z.string(), start: seconds, end: seconds })
  .refine(endsAfterStart, ORDER_MESSAGE);

const segmentSchema = z
  .looseObject({ text: z.string(), start: seconds, end: seconds, words: z.array(wordSchema) })
  .refine(endsAfterStart, ORDER_MESSAGE);

/** What `whisper --word_timestamps True --output_format json` writes, as far as the pipeline reads it. */
const transcriptSchema = z.looseObject({ segments: z.array(segmentSchema) });

export type Word = { word: string; startSeconds: number; endSeconds: number };

export type Segment = { text: string; startSeconds: number; endSeconds: number; words: Word[] };

/**
 * Reads the transcript of a VOD folder.
 *
 * @throws VodFolderError `TRANSCRIPT_MISSING` or `TRANSCRIPT_BROKEN`.
 */
export async function readTranscript(folder: string): Promise<Segment[]> {
  const { segments } = await readJson(join(folder, TRANSCRIPT_FILE), transcriptSchema, {
    what: "a transcript with word times in Whisper's JSON format",
    problems: { missing: "TRANSCRIPT_MISSING", broken: "TRANSCRIPT_BROKEN" },
  });
  return segments.map((segment) => ({
    text: segment.text.trim(),
    startSeconds: segment.start,
    endSeconds: segment.end,
    words: segment.words.map(({ word, start, end }) => ({
      word: word.trim(),
      startSeconds: start,
      endSeconds: end,
    })),
  }));
}
