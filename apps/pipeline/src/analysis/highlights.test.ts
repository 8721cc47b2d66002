import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { findHighlights } from "./highlights.ts";
import type { Signals } from "./signals.ts";

const SECONDS = 300;

/** A stream with `perSecond` messages a second and a steady voice. */
function stream(perSecond: number): Signals {
  const flat = (value: number): number[] => Array.from({ length: SECONDS }, () => value);
  return {
    chatRate: flat(perSecond),
    wordRate: flat(2),
    sentiment: flat(0.1),
    loudness: flat(0.2),
  };
}

function raise(values: number[], from: number, by: number): void {
  for (let second = from; second < from + 6; second += 1)
    values[second] = (values[second] ?? 0) + by;
}

/** The stream with a moment in it: chat and voice go up for six seconds. */
function withMoment(signals: Signals, from: number, chat = 10): Signals {
  raise(signals.chatRate, from, chat);
  raise(signals.loudness, from, 0.3);
  return signals;
}

describe("findHighlights", () => {
  it("finds the moment that stands out, and why", () => {
    const [highlight, ...others] = findHighlights(withMoment(stream(1), 100));
    expect(others).toEqual([]);
    expect(highlight?.peakSeconds).toBeGreaterThanOrEqual(100);
    expect(highlight?.peakSeconds).toBeLessThan(106);
    expect(highlight?.startSeconds).toBeLessThan(100);
    expect(highlight?.endSeconds).toBeGreaterThanOrEqual(105);
    expect([...(highlight?.because ?? [])].sort()).toEqual(["chatRate", "loudness"]);
  });

  it("a stream without moments has none, however busy it is", () => {
    for (const perSecond of [0, 1, 50]) expect(findHighlights(stream(perSecond))).toEqual([]);
  });

  it("one message in a silent chat is no highlight", () => {
    const quiet = stream(0);
    quiet.chatRate[100] = 1;
    expect(findHighlights(quiet)).toEqual([]);
  });

  it("a burst counts against its surroundings, not against the whole VOD", () => {
    const signals = stream(1);
    for (let second = 200; second < SECONDS; second += 1) signals.chatRate[second] = 11;
    const found = findHighlights(withMoment(signals, 60));
    expect(found.map(({ peakSeconds }) => peakSeconds >= 60 && peakSeconds < 66)).toContain(true);
    // A chat that stays busy is an event only until it is what surrounds.
    expect(found.filter(({ endSeconds }) => endSeconds > 235)).toEqual([]);
  });

  it("chat that turns bad stands out as chat that turns good", () => {
    const scoreWith = (sentiment: number): number | undefined => {
      const signals = withMoment(stream(1), 100);
      raise(signals.sentiment, 100, sentiment);
      return findHighlights(signals)[0]?.score;
    };
    expect(scoreWith(-0.6)).toBe(scoreWith(0.6));
    expect(scoreWith(-0.6)).toBeGreaterThan(scoreWith(0) ?? Infinity);
  });

  it("a moment is found wherever it is, and moves with it", () => {
    const [reference] = findHighlights(withMoment(stream(1), 150));
    fc.assert(
      fc.property(fc.integer({ min: 70, max: SECONDS - 70 }), (from) => {
        const [moved] = findHighlights(withMoment(stream(1), from));
        expect(moved?.startSeconds).toBe((reference?.startSeconds ?? 0) + from - 150);
        expect(moved?.score).toBe(reference?.score);
      }),
    );
  });

  it("highlights lie within the VOD, in order, and do not overlap", () => {
    const noise = fc.array(fc.nat(20), { minLength: 1, maxLength: 150 });
    fc.assert(
      fc.property(noise, (chatRate) => {
        const flat = chatRate.map(() => 0);
        const found = findHighlights({ chatRate, wordRate: flat, sentiment: flat, loudness: flat });
        let end = 0;
        for (const highlight of found) {
          expect(highlight.startSeconds).toBeGreaterThanOrEqual(end);
          expect(highlight.endSeconds).toBeGreaterThan(highlight.startSeconds);
          expect(highlight.endSeconds).toBeLessThanOrEqual(chatRate.length);
          end = highlight.endSeconds;
        }
      }),
    );
  });
});
