import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import decode from "@audio/decode-wav";

import type { Mood } from "./screenplays.ts";

export const SAMPLE_RATE = 8000;

type Delivery = { wordsPerMinute: number; pitch: number; amplitude: number };

const DELIVERIES: Record<Mood, Delivery> = {
  calm: { wordsPerMinute: 165, pitch: 42, amplitude: 45 },
  tense: { wordsPerMinute: 185, pitch: 50, amplitude: 70 },
  excited: { wordsPerMinute: 230, pitch: 72, amplitude: 170 },
  sad: { wordsPerMinute: 140, pitch: 32, amplitude: 40 },
};

/** Below this a sample counts as silence; a share of full scale. */
const SILENCE = 0.004;

/**
 * Speaks one word with espeak-ng. Words are spoken one at a time, so that where each begins and ends is known exactly.
 *
 * @returns Mono samples of -1 to 1 at {@link SAMPLE_RATE}, without silence at the ends.
 */
export function speakWord(word: string, voice: string, mood: Mood): Float32Array {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-speech-"));
  try {
    const file = join(folder, "word.wav");
    const { wordsPerMinute, pitch, amplitude } = DELIVERIES[mood];
    const numbers = ["-s", wordsPerMinute, "-p", pitch, "-a", amplitude].map(String);
    execFileSync("espeak-ng", ["-z", "-v", voice, ...numbers, "-w", file, word]);
    const { channelData, sampleRate } = decode(readFileSync(file));
    return trimSilence(resample(channelData[0] ?? new Float32Array(), sampleRate));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each new sample is the mean of the old ones that it covers, which is filter enough for speech. */
function resample(samples: Float32Array, sampleRate: number): Float32Array {
  const ratio = sampleRate / SAMPLE_RATE;
  const resampled = new Float32Array(Math.floor(samples.length / ratio));
  for (let index = 0; index < resampled.length; index += 1) {
    const covered = samples.subarray(Math.floor(index * ratio), Math.ceil((index + 1) * ratio));
    resampled[index] = covered.reduce((sum, sample) => sum + sample, 0) / covered.length;
  }
  return resampled;
}

function trimSilence(samples: Float32Array): Float32Array {
  const isLoud = (sample: number): boolean => Math.abs(sample) > SILENCE;
  const first = samples.findIndex(isLoud);
  const last = samples.findLastIndex(isLoud);
  if (first === -1) throw new Error("espeak-ng returned silence");
  return samples.subarray(first, last + 1);
}

/** A WAV file of unsigned 8-bit mono samples: all that a waveform needs, in half the size. */
export function encodeWav(samples: Float32Array): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "ascii");
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8, "ascii");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write("data", 36, "ascii");
  header.writeUInt32LE(samples.length, 40);
  const toByte = (sample: number): number => Math.round(Math.max(-1, Math.min(1, sample)) * 127);
  return Buffer.concat([header, Buffer.from(Array.from(samples, (s) => toByte(s) + 128))]);
}
