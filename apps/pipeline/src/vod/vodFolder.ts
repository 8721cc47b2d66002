import { open, stat } from "node:fs/promises";
import { join } from "node:path";

import { parseTwitchId, TITLE_MAX_LENGTH } from "@klipstream/contract";

import { AUDIO_FILE } from "./audio.ts";
import { CHAT_FILE, readChatLog } from "./chatLog.ts";
import { isMissing } from "./missingFile.ts";
import { readTranscript } from "./transcript.ts";
import { VodFolderError } from "./vodFolderError.ts";

/** A folder that holds `audio.wav`, `chat.json` and `transcript.json` of one Twitch VOD. */
export type VodFolder = { path: string; twitchId: string; title: string | null };

/**
 * Checks that a folder holds what a run needs, before anything about it is reported.
 *
 * @returns The VOD's Twitch ID and title, from its chat log.
 * @throws VodFolderError with the first thing that is wrong.
 */
export async function openVodFolder(path: string): Promise<VodFolder> {
  await checkFolder(path);
  await checkAudio(join(path, AUDIO_FILE));
  const { videoId, title } = await readChatLog(path);
  await readTranscript(path);
  const twitchId = videoId === null ? null : parseTwitchId(videoId);
  if (twitchId === null)
    throw new VodFolderError(
      "TWITCH_ID_UNKNOWN",
      `${join(path, CHAT_FILE)} does not say which VOD it is of: video.id is ${JSON.stringify(videoId)}, not a Twitch ID (1 to 20 digits)`,
    );
  return { path, twitchId, title: title?.slice(0, TITLE_MAX_LENGTH) || null };
}

async function checkFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      if (isMissing(cause)) return false;
      throw cause;
    },
  );
  if (!isFolder) throw new VodFolderError("FOLDER_MISSING", `${path} is not a folder`);
}

/** Looks at the first bytes only: decoding is the first stage's work. */
async function checkAudio(file: string): Promise<void> {
  const header = Buffer.alloc(12);
  try {
    await using handle = await open(file);
    await handle.read(header, 0, header.length, 0);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new VodFolderError("AUDIO_MISSING", `${file} is missing: it must be a WAV file`, {
      cause,
    });
  }
  const isWave = header.toString("latin1", 0, 4) === "RIFF" && header.includes("WAVE");
  if (!isWave) throw new VodFolderError("AUDIO_BROKEN", `${file} is not a WAV file`);
}
