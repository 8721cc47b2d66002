import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  chatTable,
  parseChatTable,
  parseTranscriptTable,
  parseWordTable,
  transcriptTable,
  wordTable,
} from "./tables.ts";

const seconds = fc.double({ min: 0, max: 100_000, noNaN: true }).map(Math.abs);
/** Text of any kind, except what a spreadsheet would take for a formula. */
const text = fc.string({ unit: "grapheme" }).filter((value) => !/^[=+\-@\t\r＝＋－＠]/.test(value));

describe("tables", () => {
  it("are CSV with a header line", () => {
    const message = { offsetSeconds: 1.5, author: "ink", message: 'so "good", yes', bits: 100 };
    expect(chatTable([{ ...message, badges: ["subscriber", "vip"] }])).toBe(
      'offsetSeconds,author,message,bits,badges\n1.5,ink,"so ""good"", yes",100,subscriber vip\n',
    );
  });

  it("a chat message is read back as it was typed, whatever it holds", () => {
    const badges = fc.array(fc.stringMatching(/^[a-z][a-z-]{0,12}$/), { maxLength: 3 });
    const message = fc.record({
      offsetSeconds: seconds,
      author: text,
      message: text,
      bits: fc.nat(),
      badges,
    });
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        expect(parseChatTable(chatTable(messages))).toEqual(messages);
      }),
    );
  });

  it("words and segments are read back as they were", () => {
    const times = { startSeconds: 0.25, endSeconds: 1 };
    const segment = { ...times, text: "two words\nand a line" };
    expect(parseWordTable(wordTable([{ ...times, word: "two" }]))).toEqual([
      { ...times, word: "two" },
    ]);
    expect(parseTranscriptTable(transcriptTable([{ ...segment, words: [] }]))).toEqual([segment]);
  });

  it("a message that a spreadsheet would run as a formula is defused", () => {
    const message = {
      offsetSeconds: 0,
      author: "x",
      message: "=HYPERLINK(1)",
      bits: 0,
      badges: [],
    };
    expect(chatTable([message])).toContain(",'=HYPERLINK(1),");
  });

  it("another table, or no table, is refused", () => {
    expect(() => parseWordTable(chatTable([]))).toThrow("not startSeconds, endSeconds, word");
    expect(() => parseChatTable("")).toThrow("columns are absent");
    expect(() => parseWordTable("startSeconds,endSeconds,word\nx,1,hi\n")).toThrow();
  });
});
