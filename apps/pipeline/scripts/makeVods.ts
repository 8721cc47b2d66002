/**
 * Makes the VOD folders of `vods/` from their screenplays: `pnpm --filter @klipstream/pipeline vods`. Needs espeak-ng
 * (Debian: `apt-get install espeak-ng`); the folders are committed, so nothing else does.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { makeChatLog, type Moment } from "./chat.ts";
import { type Line, type Screenplay, SCREENPLAYS } from "./screenplays.ts";
import { encodeWav, SAMPLE_RATE, speakWord } from "./speech.ts";

type Word = { word: string; start: number; end: number };
type Segment = { id: number; start: number; end: number; text: string; words: Word[] };

const WORD_GAP_SECONDS = 0.07;
const LINE_GAP_SECONDS = 0.5;
const VODS = fileURLToPath(new URL("../vods/", import.meta.url));

/** The audio so far, and where in it we are. */
class Tape {
  readonly #parts: Float32Array[] = [];
  #length = 0;

  get seconds(): number {
    return round(this.#length / SAMPLE_RATE);
  }

  append(samples: Float32Array): void {
    this.#parts.push(samples);
    this.#length += samples.length;
  }

  pause(seconds: number): void {
    this.append(new Float32Array(Math.round(seconds * SAMPLE_RATE)));
  }

  samples(): Float32Array {
    const all = new Float32Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      all.set(part, offset);
      offset += part.length;
    }
    return all;
  }
}

function speakLine(tape: Tape, line: Line, play: Screenplay): Omit<Segment, "id"> {
  const words = line.text.split(" ").map((word) => {
    const start = tape.seconds;
    tape.append(speakWord(word, play.voice, line.mood));
    const end = tape.seconds;
    tape.pause(WORD_GAP_SECONDS);
    return { word, start, end };
  });
  tape.pause(LINE_GAP_SECONDS + (line.pauseSeconds ?? 0));
  return { start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? 0, text: line.text, words };
}

function makeVod(play: Screenplay): void {
  const tape = new Tape();
  const moments: Moment[] = [];
  const segments: Segment[] = [];
  tape.pause(1);
  for (const line of play.lines) {
    const { crowd, reactions = [] } = line;
    if (crowd !== undefined) moments.push({ atSeconds: tape.seconds, crowd, reactions });
    segments.push({ id: segments.length, ...speakLine(tape, line, play) });
  }
  tape.pause(4);

  const folder = join(VODS, play.folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "audio.wav"), encodeWav(tape.samples()));
  const chat = makeChatLog(play, moments, tape.seconds);
  writeFileSync(join(folder, "chat.json"), oneItemPerLine(chat, "comments"));
  writeFileSync(
    join(folder, "transcript.json"),
    oneItemPerLine({ language: "en", segments }, "segments"),
  );
  process.stdout.write(`${play.folder}: ${tape.seconds} s, ${chat.comments.length} messages\n`);
}

/** JSON that stays readable in a diff without growing to a line per field. */
function oneItemPerLine(data: Record<string, unknown>, key: string): string {
  const list = data[key] as readonly unknown[];
  const items = list.map((item) => `  ${JSON.stringify(item)}`).join(",\n");
  const rest = JSON.stringify({ ...data, [key]: [] });
  return `${rest.replace(`"${key}":[]`, () => `"${key}":[\n${items}\n]`)}\n`;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

SCREENPLAYS.forEach(makeVod);
