import { join } from "node:path";

import { z } from "zod";

import { readJson } from "./readJson.ts";

export const CHAT_FILE = "chat.json";

const commentSchema = z.looseObject({
  content_offset_seconds: z.number().min(0),
  // TwitchDownloader writes null for accounts that no longer exist.
  commenter: z.looseObject({ display_name: z.string().nullable() }).nullable(),
  message: z.looseObject({
    body: z.string(),
    bits_spent: z.number().default(0),
    user_badges: z.array(z.looseObject({ _id: z.string() })).nullish(),
  }),
});

/** The parts of TwitchDownloader's chat JSON (any file version) that the pipeline reads. */
const chatLogSchema = z.looseObject({
  video: z.looseObject({
    // Files older than version 1.2 hold a number.
    id: z.union([z.string(), z.number()]).nullish(),
    title: z.string().nullish(),
  }),
  comments: z.array(commentSchema),
});

export type ChatMessage = {
  offsetSeconds: number;
  author: string;
  message: string;
  bits: number;
  badges: string[];
};

export type ChatLog = {
  /** What the file says that the VOD's ID is; null where it says nothing. */
  videoId: string | null;
  title: string | null;
  /** In the order of their time. */
  messages: ChatMessage[];
};

/**
 * Reads the chat log of a VOD folder.
 *
 * @throws VodFolderError `CHAT_MISSING` or `CHAT_BROKEN`.
 */
export async function readChatLog(folder: string): Promise<ChatLog> {
  const { video, comments } = await readJson(join(folder, CHAT_FILE), chatLogSchema, {
    what: "a chat log in TwitchDownloader's JSON format",
    problems: { missing: "CHAT_MISSING", broken: "CHAT_BROKEN" },
  });
  const messages = comments.map(({ content_offset_seconds, commenter, message }) => ({
    offsetSeconds: content_offset_seconds,
    author: commenter?.display_name ?? "",
    message: message.body,
    bits: message.bits_spent,
    badges: (message.user_badges ?? []).map((badge) => badge._id),
  }));
  return {
    videoId: video.id === undefined || video.id === null ? null : String(video.id),
    title: video.title ?? null,
    messages: messages.toSorted((left, right) => left.offsetSeconds - right.offsetSeconds),
  };
}
