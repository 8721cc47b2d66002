import Papa from "papaparse";
import { z } from "zod";

/** The JSON data format of BBC's audiowaveform: the parts of it that a drawing needs. */
const waveformSchema = z.object({
  sample_rate: z.number().positive(),
  samples_per_pixel: z.number().positive(),
  bits: z.union([z.literal(8), z.literal(16)]),
  length: z.number().min(1),
  data: z.array(z.number()),
});

export type Waveform = { durationSeconds: number; peaks: number[] };

/** Throws where the text is no waveform; so do the others below. */
export function parseWaveform(json: string): Waveform {
  const { data, bits, length, samples_per_pixel, sample_rate } = waveformSchema.parse(
    JSON.parse(json),
  );
  const fullScale = 2 ** (bits - 1);
  return {
    durationSeconds: (length * samples_per_pixel) / sample_rate,
    peaks: data.map((value) => value / fullScale),
  };
}

const analysisSchema = z.object({
  durationSeconds: z.number(),
  totals: z.object({
    messages: z.number(),
    chatters: z.number(),
    words: z.number(),
    sentiment: z.number(),
  }),
  signals: z.object({ chatRate: z.array(z.number()) }),
  highlights: z.array(
    z.object({
      startSeconds: z.number(),
      endSeconds: z.number(),
      score: z.number(),
      because: z.array(z.string()),
      quote: z.string(),
    }),
  ),
});
export type Analysis = z.infer<typeof analysisSchema>;
export type Highlight = Analysis["highlights"][number];

export function parseAnalysis(json: string): Analysis {
  return analysisSchema.parse(JSON.parse(json));
}

/** A line of a table: when, who (in the chat), what. */
export type Line = { seconds: number; author?: string; text: string };

export function parseTranscript(csv: string): Line[] {
  return readTable(csv, ["startSeconds", "text"]).map((row) => ({
    seconds: Number(row["startSeconds"]),
    text: row["text"] ?? "",
  }));
}

export function parseChat(csv: string): Line[] {
  return readTable(csv, ["offsetSeconds", "author", "message"]).map((row) => ({
    seconds: Number(row["offsetSeconds"]),
    author: row["author"] ?? "",
    text: row["message"] ?? "",
  }));
}

function readTable(csv: string, columns: readonly string[]): Record<string, string>[] {
  const { data, meta } = Papa.parse<Record<string, string>>(csv, {
    header: true,
    skipEmptyLines: true,
  });
  const missing = columns.filter((column) => meta.fields?.includes(column) !== true);
  if (missing.length > 0) throw new Error(`the table has no column ${missing.join(", ")}`);
  return data;
}
