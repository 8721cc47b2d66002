import { z } from "zod";

import type { AudioChunk } from "../vod/audio.ts";

/** How many minimum and maximum pairs a second of audio becomes. */
const PIXELS_PER_SECOND = 20;
/** The largest 8-bit value. */
const FULL_SCALE = 127;

/** The JSON data format of BBC's audiowaveform, version 2, with 8-bit values and the channels mixed into one. */
export const waveformSchema = z
  .object({
    version: z.literal(2),
    channels: z.literal(1),
    sample_rate: z.number().int().positive(),
    samples_per_pixel: z.number().int().positive(),
    bits: z.literal(8),
    length: z.number().int().min(1),
    /** Minimum and maximum of each pixel, in turns. */
    data: z.array(z.number().int().min(-128).max(FULL_SCALE)),
  })
  .refine(({ data, length }) => data.length === 2 * length, "data must hold 2 values per pixel");

export type Waveform = z.infer<typeof waveformSchema>;

/** @returns Seconds, up to the end of the last pixel. */
export function waveformSeconds(waveform: Waveform): number {
  return (waveform.length * waveform.samples_per_pixel) / waveform.sample_rate;
}

/** Reduces audio to the minimum and maximum of each stretch of samples. Rejects where the sample rate changes midway. */
export async function computeWaveform(chunks: AsyncIterable<AudioChunk>): Promise<Waveform> {
  let builder: WaveformBuilder | null = null;
  for await (const chunk of chunks) {
    builder ??= new WaveformBuilder(chunk.sampleRate);
    builder.add(chunk);
  }
  if (builder === null) throw new Error("no audio to compute a waveform from");
  return builder.finish();
}

class WaveformBuilder {
  readonly #sampleRate: number;
  readonly #samplesPerPixel: number;
  readonly #data: number[] = [];
  #minimum = Infinity;
  #maximum = -Infinity;
  #count = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
    this.#samplesPerPixel = Math.max(1, Math.round(sampleRate / PIXELS_PER_SECOND));
  }

  add({ sampleRate, channels }: AudioChunk): void {
    if (sampleRate !== this.#sampleRate)
      throw new Error(`the sample rate changes from ${this.#sampleRate} to ${sampleRate}`);
    const samples = channels[0]?.length ?? 0;
    for (let index = 0; index < samples; index += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[index] ?? 0;
      this.#addSample(sum / channels.length);
    }
  }

  /** The last pixel may cover fewer samples than the others. */
  finish(): Waveform {
    if (this.#count > 0) this.#endPixel();
    return {
      version: 2,
      channels: 1,
      sample_rate: this.#sampleRate,
      samples_per_pixel: this.#samplesPerPixel,
      bits: 8,
      length: this.#data.length / 2,
      data: this.#data,
    };
  }

  #addSample(sample: number): void {
    this.#minimum = Math.min(this.#minimum, sample);
    this.#maximum = Math.max(this.#maximum, sample);
    this.#count += 1;
    if (this.#count === this.#samplesPerPixel) this.#endPixel();
  }

  #endPixel(): void {
    this.#data.push(toByte(this.#minimum), toByte(this.#maximum));
    this.#minimum = Infinity;
    this.#maximum = -Infinity;
    this.#count = 0;
  }
}

function toByte(sample: number): number {
  // + 0 turns -0 into 0, which JSON would lose anyway.
  return Math.max(-FULL_SCALE - 1, Math.min(FULL_SCALE, Math.floor(sample * 128))) + 0;
}
