import {
  STATUS_DOWNLOADING,
  STATUS_FETCHING_CHAT,
  STATUS_TRANSCRIBING,
} from "@klipstream/contract";

import { chatTable, transcriptTable, wordTable } from "../artifacts/tables.ts";
import { computeWaveform } from "../artifacts/waveform.ts";
import { readAudio } from "../vod/audio.ts";
import { readChatLog } from "../vod/chatLog.ts";
import { readTranscript } from "../vod/transcript.ts";
import type { VodFolder } from "../vod/vodFolder.ts";
import type { Stage } from "./stage.ts";

/**
 * The raw part of the pipeline: gets audio, chat and transcript, here from the VOD folder. It recognises no speech:
 * `Transcribing` reads the words and their times that come with the VOD, and checks them.
 */
export function rawStages({ path }: VodFolder): Stage[] {
  return [
    {
      status: STATUS_DOWNLOADING,
      work: async ({ progress, publish }) => {
        progress(0, "decoding the audio");
        const waveform = await computeWaveform(readAudio(path));
        progress(80, "writing the waveform");
        await publish("audiowaveUrl", JSON.stringify(waveform));
      },
    },
    {
      status: STATUS_FETCHING_CHAT,
      work: async ({ progress, publish }) => {
        const { messages } = await readChatLog(path);
        progress(50, `${messages.length} messages`);
        await publish("chatUrl", chatTable(messages));
      },
    },
    {
      status: STATUS_TRANSCRIBING,
      work: async ({ progress, publish }) => {
        const segments = await readTranscript(path);
        const words = segments.flatMap((segment) => segment.words);
        progress(50, `${words.length} words`);
        await publish("transcriptUrl", transcriptTable(segments));
        await publish("transcriptWordUrl", wordTable(words));
      },
    },
  ];
}
