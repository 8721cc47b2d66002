import { mean, median } from "simple-statistics";

import type { SignalName, Signals } from "./signals.ts";

/** A part of a VOD that stands out against its surroundings. */
export type Highlight = {
  startSeconds: number;
  endSeconds: number;
  peakSeconds: number;
  /** How far the peak stands out: the weighted mean of its signals' robust z-scores. */
  score: number;
  /** The signals that stand out at the peak, the furthest first. */
  because: SignalName[];
};

/** Each second is smoothed with this many on either side. */
const SMOOTHING_SECONDS = 2;
/** The surroundings of a second reach this far to either side. */
const SURROUNDINGS_SECONDS = 60;
const MIN_SCORE = 2.5;
/** A signal stands out at a peak from this z-score on. */
const MIN_SIGNAL_SCORE = 2;
/** One signal alone cannot outweigh the others without limit. */
const MAX_SIGNAL_SCORE = 10;
/** Chat reacts after the fact: what it reacts to began a little earlier. */
const LEAD_IN_SECONDS = 3;
/** A highlight reaches as far as the score stays above this share of its peak. */
const EDGE_SHARE = 0.5;
/** Turns the median absolute deviation into a standard deviation for normally distributed values. */
const DEVIATIONS_PER_MAD = 1.4826;

/**
 * How much each signal counts, and the least spread that it is measured against: in a silent chat one message is no
 * event.
 */
const SIGNALS: Record<SignalName, { weight: number; minSpread: number }> = {
  chatRate: { weight: 0.5, minSpread: 0.35 },
  wordRate: { weight: 0.1, minSpread: 0.6 },
  sentiment: { weight: 0.15, minSpread: 0.12 },
  loudness: { weight: 0.25, minSpread: 0.03 },
};
const SIGNAL_NAMES = Object.keys(SIGNALS) as SignalName[];

/**
 * Finds the seconds that stand out: each is compared, signal by signal, with the median of its surroundings in units
 * of their spread, so that a quiet and a busy stream are measured alike. Sentiment counts in both directions.
 *
 * @returns Highlights that do not overlap, in the order of their time.
 */
export function findHighlights(signals: Signals): Highlight[] {
  const scores = scoreSignals(signals);
  const total = scores.chatRate.map((_, second) =>
    SIGNAL_NAMES.reduce((sum, name) => sum + SIGNALS[name].weight * at(scores[name], second), 0),
  );
  const highlights: Highlight[] = [];
  const bySize = [...total.keys()].sort((left, right) => at(total, right) - at(total, left));
  for (const peak of bySize) {
    if (at(total, peak) < MIN_SCORE) break;
    const [first, last] = reach(total, peak);
    const startSeconds = Math.max(0, first - LEAD_IN_SECONDS);
    const endSeconds = last + 1;
    const isTaken = highlights.some(
      (taken) => taken.startSeconds < endSeconds && startSeconds < taken.endSeconds,
    );
    if (isTaken) continue;
    const because = SIGNAL_NAMES.filter((name) => at(scores[name], peak) >= MIN_SIGNAL_SCORE).sort(
      (left, right) => at(scores[right], peak) - at(scores[left], peak),
    );
    const score = Math.round(at(total, peak) * 100) / 100;
    highlights.push({ startSeconds, endSeconds, peakSeconds: peak, score, because });
  }
  return highlights.sort((left, right) => left.startSeconds - right.startSeconds);
}

function scoreSignals(signals: Signals): Record<SignalName, number[]> {
  const score = (name: SignalName): number[] => {
    const { minSpread } = SIGNALS[name];
    const scores = robustScores(smooth(signals[name]), minSpread);
    return name === "sentiment" ? scores.map(Math.abs) : scores;
  };
  return {
    chatRate: score("chatRate"),
    wordRate: score("wordRate"),
    sentiment: score("sentiment"),
    loudness: score("loudness"),
  };
}

function robustScores(values: readonly number[], minSpread: number): number[] {
  return values.map((value, index) => {
    const surroundings = around(values, index, SURROUNDINGS_SECONDS);
    const middle = median(surroundings);
    const deviations = surroundings.map((other) => Math.abs(other - middle));
    const spread = Math.max(minSpread, DEVIATIONS_PER_MAD * median(deviations));
    const score = (value - middle) / spread;
    return Math.max(-MAX_SIGNAL_SCORE, Math.min(MAX_SIGNAL_SCORE, score));
  });
}

function smooth(values: readonly number[]): number[] {
  return values.map((_, index) => mean(around(values, index, SMOOTHING_SECONDS)));
}

function around(values: readonly number[], index: number, reachOfWindow: number): number[] {
  return values.slice(Math.max(0, index - reachOfWindow), index + reachOfWindow + 1);
}

/** The first and last second around a peak in which the score stays above the edge. */
function reach(total: readonly number[], peak: number): [first: number, last: number] {
  const edge = at(total, peak) * EDGE_SHARE;
  let first = peak;
  let last = peak;
  while (first > 0 && at(total, first - 1) >= edge) first -= 1;
  while (last < total.length - 1 && at(total, last + 1) >= edge) last += 1;
  return [first, last];
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}
