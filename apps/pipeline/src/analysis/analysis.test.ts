import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { computeWaveform } from "../artifacts/waveform.ts";
import { readAudio } from "../vod/audio.ts";
import { readChatLog } from "../vod/chatLog.ts";
import { readTranscript } from "../vod/transcript.ts";
import { addHighlights, analysisSchema, analyze } from "./analysis.ts";
import { sentimentOf } from "./sentiment.ts";
import { computeSignals } from "./signals.ts";

const VODS = fileURLToPath(new URL("../../vods/", import.meta.url));

async function analyzeVod(name: string) {
  const folder = join(VODS, name);
  const waveform = await computeWaveform(readAudio(folder));
  const words = (await readTranscript(folder)).flatMap((segment) => segment.words);
  const { messages } = await readChatLog(folder);
  return addHighlights(analyze("1", { waveform, words, messages }), words);
}

describe("the analysis", () => {
  it.each([
    ["speedrun-final-boss", ["I got the skip", "World record!"]],
    ["cooking-souffle", ["The whole bowl on the floor!", "It is perfect!"]],
    ["ranked-comeback", ["All three of them, alone!", "He missed, we win!"]],
  ])("finds the two moments of %s and nothing else", async (name, quotes) => {
    const analysis = await analyzeVod(name);
    expect(analysisSchema.parse(analysis)).toEqual(analysis);
    expect(analysis.highlights).toHaveLength(2);
    quotes.forEach((quote, index) => expect(analysis.highlights[index]?.quote).toContain(quote));
  });

  it("hears the dropped bowl as bad and the souffle as good", async () => {
    const { highlights, signals } = await analyzeVod("cooking-souffle");
    const [bad, good] = highlights.map(({ peakSeconds }) => signals.sentiment[peakSeconds]);
    expect(bad).toBeLessThan(0);
    expect(good).toBeGreaterThan(0);
  });

  it("a VOD without chat and speech has an analysis without highlights", async () => {
    const waveform = await computeWaveform(readAudio(join(VODS, "ranked-comeback")));
    const silent = { ...waveform, data: waveform.data.map(() => 0) };
    const analysis = addHighlights(analyze("1", { waveform: silent, words: [], messages: [] }), []);
    expect(analysis.highlights).toEqual([]);
    expect(analysis.totals).toEqual({ messages: 0, chatters: 0, words: 0, sentiment: 0 });
  });
});

describe("computeSignals", () => {
  it("puts everything into its second; what comes after the end counts for the last one", () => {
    const message = { author: "a", message: "great", bits: 0, badges: [] };
    const format = { version: 2, channels: 1, bits: 8 } as const;
    const data = [-64, 64, 0, 0, 0, 0, 0, 0];
    const signals = computeSignals({
      durationSeconds: 2,
      messages: [0, 1.999, 7].map((offsetSeconds) => ({ ...message, offsetSeconds })),
      words: [{ word: "hi", startSeconds: 0.9, endSeconds: 1.1 }],
      waveform: { ...format, sample_rate: 2, samples_per_pixel: 1, length: 4, data },
    });
    expect(signals.chatRate).toEqual([1, 2]);
    expect(signals.wordRate).toEqual([1, 0]);
    expect(signals.loudness).toEqual([0.25, 0]);
    expect(signals.sentiment).toEqual([sentimentOf("great"), sentimentOf("great")]);
  });
});

describe("sentimentOf", () => {
  it("knows what chat does: capitals, emoticons, negation", () => {
    expect(sentimentOf("great")).toBeGreaterThan(0);
    expect(sentimentOf("what a GREAT save")).toBeGreaterThan(sentimentOf("what a great save"));
    expect(sentimentOf(":D")).toBeGreaterThan(0);
    expect(sentimentOf("not good")).toBeLessThan(0);
    expect(sentimentOf("the door")).toBe(0);
  });
});
