import { mean } from "simple-statistics";

import type { Waveform } from "../artifacts/waveform.ts";
import type { ChatMessage } from "../vod/chatLog.ts";
import type { Word } from "../vod/transcript.ts";
import { sentimentOf } from "./sentiment.ts";

/** What is known of each second of a VOD; all arrays have one value per second. */
export type Signals = {
  /** Chat messages in this second. */
  chatRate: number[];
  /** Words that begin in this second. */
  wordRate: number[];
  /** Mean sentiment of the second's chat messages, -1 to 1; 0 where there are none. */
  sentiment: number[];
  /** Mean peak level of the audio, 0 to 1. */
  loudness: number[];
};

export type SignalName = keyof Signals;

export type SignalSources = {
  durationSeconds: number;
  messages: readonly ChatMessage[];
  words: readonly Word[];
  waveform: Waveform;
};

/** Puts chat, speech and audio on one time axis. What lies after the end of the VOD counts for its last second. */
export function computeSignals(sources: SignalSources): Signals {
  const seconds = Math.max(1, Math.ceil(sources.durationSeconds));
  const messages = groupBySecond(sources.messages, ({ offsetSeconds }) => offsetSeconds, seconds);
  const words = groupBySecond(sources.words, ({ startSeconds }) => startSeconds, seconds);
  return {
    chatRate: messages.map((group) => group.length),
    wordRate: words.map((group) => group.length),
    sentiment: messages.map((group) =>
      meanOrZero(group.map(({ message }) => sentimentOf(message))),
    ),
    loudness: groupBySecond(levels(sources.waveform), ({ atSeconds }) => atSeconds, seconds).map(
      (group) => meanOrZero(group.map(({ level }) => level)),
    ),
  };
}

function levels({ data, length, samples_per_pixel, sample_rate }: Waveform) {
  return Array.from({ length }, (_, pixel) => ({
    atSeconds: (pixel * samples_per_pixel) / sample_rate,
    level: ((data[2 * pixel + 1] ?? 0) - (data[2 * pixel] ?? 0)) / 256,
  }));
}

function groupBySecond<T>(
  items: readonly T[],
  secondsOf: (item: T) => number,
  seconds: number,
): T[][] {
  const groups: T[][] = Array.from({ length: seconds }, () => []);
  for (const item of items) groups[Math.min(seconds - 1, Math.floor(secondsOf(item)))]?.push(item);
  return groups;
}

function meanOrZero(values: readonly number[]): number {
  return values.length === 0 ? 0 : mean([...values]);
}
