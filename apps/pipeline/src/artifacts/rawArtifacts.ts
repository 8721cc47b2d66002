import type { ArtifactUrlField } from "@klipstream/contract";

import type { ChatMessage } from "../vod/chatLog.ts";
import { isMissing } from "../vod/missingFile.ts";
import type { Word } from "../vod/transcript.ts";
import { ARTIFACT_FILES, type ArtifactStore } from "./artifactStore.ts";
import { parseChatTable, parseWordTable } from "./tables.ts";
import { type Waveform, waveformSchema } from "./waveform.ts";

/** What the raw part of the pipeline leaves for the analysis part. */
export type RawArtifacts = { waveform: Waveform; messages: ChatMessage[]; words: Word[] };

/** What the analysis needs of the raw part is not there, or is not what the raw part writes. */
export class RawArtifactError extends Error {
  override readonly name = "RawArtifactError";
}

/** @throws RawArtifactError that names the artifact. */
export async function readRawArtifacts(
  store: ArtifactStore,
  twitchId: string,
): Promise<RawArtifacts> {
  const read = async <T>(field: ArtifactUrlField, parse: (text: string) => T): Promise<T> => {
    const name = `${ARTIFACT_FILES[field]} of video ${twitchId}`;
    try {
      return parse(await store.read(twitchId, field));
    } catch (cause) {
      const why = isMissing(cause)
        ? "is missing: run the raw pipeline first"
        : "is not what the raw pipeline writes: run the raw pipeline again";
      throw new RawArtifactError(`${name} ${why}`, { cause });
    }
  };
  return {
    waveform: await read("audiowaveUrl", (json) => waveformSchema.parse(JSON.parse(json))),
    messages: await read("chatUrl", parseChatTable),
    words: await read("transcriptWordUrl", parseWordTable),
  };
}
