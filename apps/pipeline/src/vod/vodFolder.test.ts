import { cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { computeWaveform, waveformSeconds } from "../artifacts/waveform.ts";
import { readAudio } from "./audio.ts";
import { readChatLog } from "./chatLog.ts";
import { readTranscript } from "./transcript.ts";
import { openVodFolder } from "./vodFolder.ts";

const VODS = fileURLToPath(new URL("../../vods/", import.meta.url));
const GOOD = join(VODS, "speedrun-final-boss");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-vod-"));
  await cp(GOOD, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const put = (file: string, content: string): Promise<void> =>
  writeFile(join(folder, file), content);
const without = (file: string): Promise<void> => rm(join(folder, file));
const chatOf = (id: unknown, comments: unknown[] = []): string =>
  JSON.stringify({ video: { id, title: "t" }, comments });

const BACKWARDS = { text: "a", start: 0, end: 1, words: [{ word: "a", start: 1, end: 0 }] };

describe("openVodFolder", () => {
  it("reads whose VOD it is from the chat log", async () => {
    expect(await openVodFolder(folder)).toEqual({
      path: folder,
      twitchId: "2412907385",
      title: "Lantern Keep any% | world record attempts until it happens",
    });
  });

  it.each([
    ["a number", 123, "123"],
    ["digits after a v", "v123", "123"],
    ["an address", "https://www.twitch.tv/videos/123", "123"],
  ])("takes an ID that is %s", async (_, id, twitchId) => {
    await put("chat.json", chatOf(id));
    expect(await openVodFolder(folder)).toMatchObject({ twitchId });
  });

  it("an empty title is none, and one that is too long for the backend is cut", async () => {
    const titled = (title: string): string =>
      JSON.stringify({ video: { id: "1", title }, comments: [] });
    await put("chat.json", titled(""));
    expect(await openVodFolder(folder)).toMatchObject({ title: null });
    await put("chat.json", titled("x".repeat(301)));
    expect(await openVodFolder(folder)).toMatchObject({ title: "x".repeat(300) });
  });

  it.each([
    {
      what: "no audio",
      code: "AUDIO_MISSING",
      spoil: () => without("audio.wav"),
      message: /audio\.wav is missing/,
    },
    {
      what: "audio that is something else",
      code: "AUDIO_BROKEN",
      spoil: () => put("audio.wav", "ID3"),
      message: /not a WAV file/,
    },
    {
      what: "no chat log",
      code: "CHAT_MISSING",
      spoil: () => without("chat.json"),
      message: /chat\.json is missing/,
    },
    {
      what: "a chat log cut short",
      code: "CHAT_BROKEN",
      spoil: () => put("chat.json", '{"comments":[{'),
      message: /not JSON/,
    },
    {
      what: "a comment without a time",
      code: "CHAT_BROKEN",
      spoil: () => put("chat.json", chatOf("1", [{ message: { body: "hi" }, commenter: null }])),
      message: /comments\.0\.content_offset_seconds/,
    },
    {
      what: "a chat log of another kind",
      code: "CHAT_BROKEN",
      spoil: () => put("chat.json", "[]"),
      message: /TwitchDownloader/,
    },
    {
      what: "no transcript",
      code: "TRANSCRIPT_MISSING",
      spoil: () => without("transcript.json"),
      message: /is missing/,
    },
    {
      what: "a word that ends before it starts",
      code: "TRANSCRIPT_BROKEN",
      spoil: () => put("transcript.json", JSON.stringify({ segments: [BACKWARDS] })),
      message: /segments\.0\.words\.0: must not end before it starts/,
    },
    {
      what: "no ID",
      code: "TWITCH_ID_UNKNOWN",
      spoil: () => put("chat.json", chatOf(undefined)),
      message: /video\.id is null/,
    },
    {
      what: "an ID that is none",
      code: "TWITCH_ID_UNKNOWN",
      spoil: () => put("chat.json", chatOf("abc")),
      message: /"abc"/,
    },
  ])("a folder with $what is refused as $code, in one line", async ({ code, spoil, message }) => {
    await spoil();
    const error: unknown = await openVodFolder(folder).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: "VodFolderError", code });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });

  it("a folder that is not there is refused", async () => {
    const error = { code: "FOLDER_MISSING" };
    await expect(openVodFolder(join(folder, "nowhere"))).rejects.toMatchObject(error);
    await expect(openVodFolder(join(folder, "audio.wav"))).rejects.toMatchObject(error);
  });
});

describe("readAudio", () => {
  it("decodes the audio to its end", async () => {
    const whole = await computeWaveform(readAudio(GOOD));
    expect(waveformSeconds(whole)).toBeCloseTo(81.8, 0);
  });

  it("audio without samples is refused", async () => {
    await put("audio.wav", "RIFF\u0000\u0000\u0000\u0000WAVE");
    await expect(computeWaveform(readAudio(folder))).rejects.toMatchObject({
      code: "AUDIO_BROKEN",
    });
  });
});

describe("readChatLog", () => {
  it("puts messages in the order of their time, and keeps those of accounts that are gone", async () => {
    const comment = (at: number, body: string) => ({
      content_offset_seconds: at,
      commenter: null,
      message: { body },
    });
    await put("chat.json", chatOf("1", [comment(5, "late"), comment(1, "early")]));
    const { messages } = await readChatLog(folder);
    expect(messages.map(({ message }) => message)).toEqual(["early", "late"]);
    expect(messages[0]).toMatchObject({ author: "", bits: 0, badges: [] });
  });
});

describe("the VODs of this repository", () => {
  it("are three, under 3 MB in all, and each can be opened", async () => {
    const names = await readdir(VODS);
    expect(names).toHaveLength(3);
    const ids = await Promise.all(
      names.map(async (name) => (await openVodFolder(join(VODS, name))).twitchId),
    );
    expect(new Set(ids).size).toBe(3);

    const files = await readdir(VODS, { recursive: true, withFileTypes: true });
    const sizes = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => stat(join(file.parentPath, file.name))),
    );
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(3_000_000);
  });

  it("the audio is loud exactly where the transcript has a word", async () => {
    const words = (await readTranscript(GOOD)).flatMap((segment) => segment.words);
    const { data, sample_rate, samples_per_pixel } = await computeWaveform(readAudio(GOOD));
    const pixelOf = (seconds: number) => Math.floor((seconds * sample_rate) / samples_per_pixel);
    const isSpoken = (pixel: number) =>
      words.some(
        (word) => pixelOf(word.startSeconds) <= pixel && pixel <= pixelOf(word.endSeconds),
      );
    const loudOutside = Array.from({ length: data.length / 2 }, (_, pixel) => pixel).filter(
      (pixel) => !isSpoken(pixel) && (data[2 * pixel + 1] ?? 0) > 1,
    );
    expect(words.length).toBeGreaterThan(100);
    expect(loudOutside).toEqual([]);
  });
});
