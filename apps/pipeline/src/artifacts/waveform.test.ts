import fc from "fast-check";
import { describe, expect, it } from "vitest";
import WaveformData from "waveform-data";

import type { AudioChunk } from "../vod/audio.ts";
import { computeWaveform, waveformSchema, waveformSeconds } from "./waveform.ts";

const SAMPLE_RATE = 200;

// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable is what the function takes
async function* chunks(...parts: number[][][]): AsyncGenerator<AudioChunk> {
  for (const channels of parts)
    yield {
      sampleRate: SAMPLE_RATE,
      channels: channels.map((samples) => Float32Array.from(samples)),
    };
}

describe("computeWaveform", () => {
  it("takes the minimum and maximum of each pixel, in 8 bits", async () => {
    const first = [0.5, -0.25, 0, 0, 0, 0, 0, 0, 0, 0];
    const second = [0, 0, 1, 0, 0, -1, 0, 0, 0, 0];

    const waveform = await computeWaveform(chunks([[...first, ...second]]));

    expect(waveform).toEqual({
      version: 2,
      channels: 1,
      sample_rate: SAMPLE_RATE,
      samples_per_pixel: 10,
      bits: 8,
      length: 2,
      data: [-32, 64, -128, 127],
    });
  });

  it("mixes the channels into one", async () => {
    const waveform = await computeWaveform(
      chunks([
        [0.5, 0.5],
        [-0.5, 0.25],
      ]),
    );
    expect(waveform.data).toEqual([0, 48]);
  });

  it("makes a last pixel of the samples that are left", async () => {
    const waveform = await computeWaveform(chunks([Array.from({ length: 25 }, () => 0.5)]));
    expect(waveform.length).toBe(3);
    expect(waveform.data.slice(4)).toEqual([64, 64]);
  });

  it("is refused where the sample rate changes or there is no audio", async () => {
    const changing = async function* (): AsyncGenerator<AudioChunk> {
      yield* chunks([[0]]);
      yield { sampleRate: SAMPLE_RATE + 1, channels: [Float32Array.of(0)] };
    };
    await expect(computeWaveform(changing())).rejects.toThrow(
      "sample rate changes from 200 to 201",
    );
    await expect(computeWaveform(chunks())).rejects.toThrow("no audio");
  });

  it("does not depend on how the audio is cut into chunks", async () => {
    const samples = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), {
      minLength: 1,
      maxLength: 90,
    });
    await fc.assert(
      fc.asyncProperty(samples, fc.nat(90), async (all, cut) => {
        const whole = await computeWaveform(chunks([all]));
        const inTwo = await computeWaveform(chunks([all.slice(0, cut)], [all.slice(cut)]));
        expect(inTwo).toEqual(whole);
        expect(waveformSchema.parse(whole)).toEqual(whole);
        expect(whole.length).toBe(Math.ceil(all.length / 10));
      }),
    );
  });

  it("is accepted by the reader of BBC, who made the format", async () => {
    const waveform = await computeWaveform(chunks([[...Array<number>(10).fill(0.5), -0.5]]));

    const read = WaveformData.create(waveform);

    expect(read.duration).toBe(waveformSeconds(waveform));
    expect(read.channel(0).min_array()).toEqual([64, -64]);
    expect(read.channel(0).max_array()).toEqual([64, -64]);
  });
});
