import { mean } from "simple-statistics";
import { z } from "zod";

import { waveformSeconds } from "../artifacts/waveform.ts";
import type { Word } from "../vod/transcript.ts";
import { findHighlights, type Highlight } from "./highlights.ts";
import { computeSignals, type Signals, type SignalSources } from "./signals.ts";

const perSecond = z.array(z.number());

/** The analysis artifact: what `transcriptAnalysisUrl` points at. */
export const analysisSchema = z.object({
  version: z.literal(1),
  twitchId: z.string(),
  durationSeconds: z.number(),
  totals: z.object({
    messages: z.number(),
    chatters: z.number(),
    words: z.number(),
    /** Mean over the messages' seconds, -1 to 1. */
    sentiment: z.number(),
  }),
  /** One value per second of the VOD. */
  signals: z.object({
    chatRate: perSecond,
    wordRate: perSecond,
    sentiment: perSecond,
    loudness: perSecond,
  }),
  highlights: z.array(
    z.object({
      startSeconds: z.number(),
      endSeconds: z.number(),
      peakSeconds: z.number(),
      score: z.number(),
      because: z.array(z.enum(["chatRate", "wordRate", "sentiment", "loudness"])),
      /** What is said in it. */
      quote: z.string(),
    }),
  ),
});

export type Analysis = z.infer<typeof analysisSchema>;

/** The analysis without its highlights: what the stage `Analyzing` computes. */
export type Measurements = Omit<Analysis, "highlights"> & { signals: Signals };

export function analyze(
  twitchId: string,
  sources: Omit<SignalSources, "durationSeconds">,
): Measurements {
  const durationSeconds = waveformSeconds(sources.waveform);
  const signals = computeSignals({ ...sources, durationSeconds });
  const spoken = signals.sentiment.filter((_, second) => (signals.chatRate[second] ?? 0) > 0);
  return {
    version: 1,
    twitchId,
    durationSeconds: round(durationSeconds),
    totals: {
      messages: sources.messages.length,
      chatters: new Set(sources.messages.map(({ author }) => author)).size,
      words: sources.words.length,
      sentiment: spoken.length === 0 ? 0 : round(mean(spoken)),
    },
    signals: {
      chatRate: signals.chatRate,
      wordRate: signals.wordRate,
      sentiment: signals.sentiment.map(round),
      loudness: signals.loudness.map(round),
    },
  };
}

/** Adds the highlights, each with the words that are spoken in it. */
export function addHighlights(measurements: Measurements, words: readonly Word[]): Analysis {
  const highlights = findHighlights(measurements.signals).map((highlight) => ({
    ...highlight,
    quote: quote(highlight, words),
  }));
  return { ...measurements, highlights };
}

function quote({ startSeconds, endSeconds }: Highlight, words: readonly Word[]): string {
  return words
    .filter((word) => word.startSeconds >= startSeconds && word.startSeconds < endSeconds)
    .map(({ word }) => word)
    .join(" ");
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
