import { createReadStream } from "node:fs";
import { join } from "node:path";

import { decoder } from "@audio/decode-wav";

import { isMissing } from "./missingFile.ts";
import { VodFolderError } from "./vodFolderError.ts";

export const AUDIO_FILE = "audio.wav";

/** A stretch of decoded audio: one array of samples (-1 to 1) per channel, all of one length. */
export type AudioChunk = { sampleRate: number; channels: readonly Float32Array[] };

/**
 * Decodes the audio of a VOD folder piece by piece, so that a VOD of hours takes no more memory than one of seconds.
 *
 * @throws VodFolderError `AUDIO_MISSING` or `AUDIO_BROKEN`, while it is iterated.
 */
export async function* readAudio(folder: string): AsyncGenerator<AudioChunk> {
  const file = join(folder, AUDIO_FILE);
  const wav = decoder();
  let isEmpty = true;
  try {
    for await (const bytes of createReadStream(file) as AsyncIterable<Buffer>) {
      const chunk = toChunk(wav.decode(bytes));
      if (chunk === null) continue;
      isEmpty = false;
      yield chunk;
    }
    const rest = toChunk(wav.flush());
    if (rest !== null) yield rest;
    else if (isEmpty) throw new Error("it holds no audio");
  } catch (cause) {
    throw toVodFolderError(file, cause);
  } finally {
    wav.free();
  }
}

function toChunk({ channelData, sampleRate }: { channelData: Float32Array[]; sampleRate: number }) {
  const hasSamples = (channelData[0]?.length ?? 0) > 0;
  return hasSamples ? { sampleRate, channels: channelData } : null;
}

function toVodFolderError(file: string, cause: unknown): unknown {
  if (cause instanceof VodFolderError) return cause;
  if (isMissing(cause))
    return new VodFolderError("AUDIO_MISSING", `${file} is missing: it must be a WAV file`, {
      cause,
    });
  if (cause instanceof Error && "code" in cause) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new VodFolderError("AUDIO_BROKEN", `${file} is not a WAV file that can be read: ${why}`, {
    cause,
  });
}
