import { describe, expect, test, vi } from "vitest";

import { linkOf } from "./artifactLink.ts";
import { parseAnalysis, parseChat, parseTranscript, parseWaveform } from "./contents.ts";
import { fetchArtifact } from "./fetchArtifact.ts";

describe("an artifact URL", () => {
  test.each([
    ["https://files.example/chat.csv", "web"],
    ["http://127.0.0.1:9000/chat.csv", "web"],
    ["gs://bucket/chat.csv", "store"],
    ["s3://bucket/chat.csv", "store"],
    ["javascript:alert(1)", "refused"],
    ["JavaScript://https://files.example/%0aalert(1)", "refused"],
    ["data:text/html,<script>", "refused"],
    ["https://me:secret@files.example/x", "refused"],
    ["//files.example/chat.csv", "refused"],
  ])("%s is %s", (url, kind) => {
    expect(linkOf(url).kind).toBe(kind);
  });

  test.each([
    ["gs://bucket/chat.csv", "A browser cannot fetch from this store"],
    ["javascript:alert(1)", "not of an allowed kind"],
  ])("%s is not fetched, and said to be", async (url, why) => {
    const fetchSpy = vi.spyOn(globalThis, "fetch");
    await expect(fetchArtifact(url, new AbortController().signal)).rejects.toThrow(why);
    expect(fetchSpy).not.toHaveBeenCalled();
    fetchSpy.mockRestore();
  });
});

describe("a file's content", () => {
  test("is read from the pipeline's tables, commas, quotes and lines in them included", () => {
    const csv = 'offsetSeconds,author,message,bits,badges\n1.5,kim,"a, ""b""\nc",0,\n';
    expect(parseChat(csv)).toEqual([{ seconds: 1.5, author: "kim", text: 'a, "b"\nc' }]);
    expect(parseTranscript("startSeconds,endSeconds,text\n0,2,Hi\n")).toEqual([
      { seconds: 0, text: "Hi" },
    ]);
  });

  test("is drawn to scale from a waveform of 8 or 16 bits", () => {
    const waveform = {
      version: 2,
      channels: 1,
      sample_rate: 100,
      samples_per_pixel: 50,
      length: 2,
    };
    const json = (bits: number, data: number[]) => JSON.stringify({ ...waveform, bits, data });
    const expected = { durationSeconds: 1, peaks: [-1, 0.5, 0, 0.25] };
    expect(parseWaveform(json(8, [-128, 64, 0, 32]))).toEqual(expected);
    expect(parseWaveform(json(16, [-32768, 16384, 0, 8192]))).toEqual(expected);
  });

  test.each([
    ["chat", () => parseChat("<html>not found</html>")],
    ["transcript", () => parseTranscript("")],
    ["waveform", () => parseWaveform("{}")],
    ["analysis", () => parseAnalysis("[]")],
  ])("that is no %s is refused", (_, parse) => {
    expect(parse).toThrow();
  });
});
