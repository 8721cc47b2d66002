import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { videoStatusSchema } from "@klipstream/contract";
import { z } from "zod";

import { messageOf, OutboxUnwritableError } from "../errors.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import type { EventLog } from "../log/log.ts";
import type { VideoState } from "./videoState.ts";

/** Most videos that are kept; the one that was learnt longest ago goes first. */
export const KNOWN_VIDEOS_MAX_COUNT = 20_000;

/** The file is written anew when it holds this many times more lines than videos. */
const LINES_PER_VIDEO = 4;
const LINES_KEPT = 1000;

/** A video as it was last known. */
export type KnownVideo = VideoState & {
  /** When the backend last said so, in milliseconds since 1970. */
  asOf: number;
};

const idSchema = z.object({ videoId: z.string(), twitchId: z.string() });
const knownSchema = z.object({
  video: z.looseObject({
    _id: z.string(),
    _creationTime: z.number(),
    twitchId: z.string(),
    status: videoStatusSchema,
    statusChangedAt: z.number(),
  }),
  earlier: z.array(videoStatusSchema),
  asOf: z.number(),
});

/**
 * Keeps the videos that this machine has seen, on disk: what is known of them while the backend is away, and which Twitch ID an
 * `_id` belongs to. The backend is asked whenever it can be, so a damaged line is left out, and what cannot be written, as on a
 * full disk, is known to this process alone.
 *
 * The file has one line of JSON for each thing that was learnt, the newest last.
 */
export class KnownVideos {
  readonly #path: string;
  readonly #maxCount: number;
  readonly #byTwitchId = new Map<string, KnownVideo>();
  readonly #twitchIds = new Map<string, string>();
  readonly #log: EventLog;
  /** Null once it is closed. */
  #file: number | null;
  #lines = 0;
  /** The file is written anew when it has more lines. */
  #linesMax = 0;
  #isFailing = false;

  /**
   * @param path - The file; it is made where there is none.
   * @throws OutboxUnwritableError when it cannot be opened.
   */
  constructor(path: string, log: EventLog, maxCount: number = KNOWN_VIDEOS_MAX_COUNT) {
    this.#path = path;
    this.#log = log;
    this.#maxCount = maxCount;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      for (const line of text.split("\n")) this.#read(line);
      this.#file = openSync(path, "a", 0o600);
    } catch (error) {
      throw new OutboxUnwritableError(
        `the file of known videos ${path} cannot be used: ${messageOf(error)}`,
        { cause: error },
      );
    }
    this.#attempt(() => this.#compact());
  }

  /** How many videos are known. */
  get size(): number {
    return this.#byTwitchId.size;
  }

  /** The video as it was last known, or null for one that was never seen. */
  find(twitchId: string): KnownVideo | null {
    return this.#byTwitchId.get(twitchId) ?? null;
  }

  /** The Twitch ID of the video with this `_id`, or null for one that was never seen. */
  twitchIdOf(videoId: string): string | null {
    return this.#twitchIds.get(videoId) ?? null;
  }

  /** Keeps what the backend said of a video. It is in the file when this returns, and survives the death of the process. */
  learn(known: KnownVideo): void {
    this.#remember(known);
    this.#attempt(() => this.#write(known));
  }

  /** Keeps which video an `_id` belongs to, of which nothing else may be known. */
  learnId(videoId: string, twitchId: string): void {
    if (this.#twitchIds.get(videoId) === twitchId) return;
    this.#rememberId(videoId, twitchId);
    this.#attempt(() => this.#write({ videoId, twitchId }));
  }

  /** Forgets a video that the backend does not have any more. */
  forget(twitchId: string): void {
    const known = this.#byTwitchId.get(twitchId);
    if (known === undefined) return;
    this.#byTwitchId.delete(twitchId);
    this.#twitchIds.delete(known.video._id);
    this.#attempt(() => this.#rewrite());
  }

  /** What is learnt later, as from an answer that comes late, is not written. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #read(line: string): void {
    if (line === "") return;
    this.#lines += 1;
    const read = parseLine(line);
    if (read === null) return;
    if ("video" in read) this.#remember(read);
    else this.#rememberId(read.videoId, read.twitchId);
  }

  #remember(known: KnownVideo): void {
    const { _id, twitchId } = known.video;
    setLast(this.#byTwitchId, { key: twitchId, value: known, maxCount: this.#maxCount });
    this.#rememberId(_id, twitchId);
  }

  #rememberId(videoId: string, twitchId: string): void {
    setLast(this.#twitchIds, { key: videoId, value: twitchId, maxCount: this.#maxCount });
  }

  #write(line: object): void {
    if (this.#file === null) return;
    // The line end comes first: the line before may have been cut by a full disk.
    writeSync(this.#file, `\n${JSON.stringify(line)}`);
    this.#lines += 1;
    this.#compact();
  }

  #compact(): void {
    if (this.#lines > Math.max(this.#linesMax, this.#linesWanted())) this.#rewrite();
  }

  #linesWanted(): number {
    return LINES_KEPT + LINES_PER_VIDEO * this.#twitchIds.size;
  }

  #rewrite(): void {
    if (this.#file === null) return;
    // Where this fails, not again before as much has been learnt once more.
    this.#linesMax = this.#lines + this.#linesWanted();
    const ids = [...this.#twitchIds].map(([videoId, twitchId]) => ({ videoId, twitchId }));
    const lines = [...ids, ...this.#byTwitchId.values()].map((line) => JSON.stringify(line));
    const temporary = `${this.#path}.new`;
    // Opened before the old one is closed: where there is no room for a file, the old one goes on.
    const file = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(file, lines.join("\n"));
      renameSync(temporary, this.#path);
    } catch (error) {
      closeSync(file);
      rmSync(temporary, { force: true });
      throw error;
    }
    closeSync(this.#file);
    this.#file = file;
    this.#lines = lines.length;
    this.#linesMax = 0;
  }

  /** Says what fails once, and again only after something has succeeded. */
  #attempt(work: () => void): void {
    try {
      work();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        this.#log.write("outbox.failed", `known videos are not written: ${messageOf(error)}`);
      this.#isFailing = true;
    }
  }
}

/** Sets a key as the map's newest, and drops the oldest where there are too many. */
function setLast<T>(
  map: Map<string, T>,
  { key, value, maxCount }: { key: string; value: T; maxCount: number },
): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > maxCount && oldest !== undefined) map.delete(oldest);
}

function parseLine(line: string): KnownVideo | z.infer<typeof idSchema> | null {
  try {
    const json: unknown = JSON.parse(line);
    const known = knownSchema.safeParse(json);
    if (known.success) return { ...known.data, video: known.data.video as Video };
    return idSchema.safeParse(json).data ?? null;
  } catch {
    // Cut by a crash or a full disk.
    return null;
  }
}
