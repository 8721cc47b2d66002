import type { Doc, Id } from "../_generated/dataModel";
import type { Decision } from "./rules";

type RaisedSource = Pick<Doc<"videoSources">, "sequence" | "decidedAt"> & {
  /** Null for a source that is not in the database yet. */
  _id: Id<"videoSources"> | null;
};

/** A video while a transaction decides about it: read once and written once, however many of its updates come together. */
export class OpenVideo {
  /** With all changes so far. */
  video: Doc<"videos">;
  /** What is to be written into it. */
  unwritten: Decision["patch"] = {};
  /** The number of its newest event; undefined until somebody needs it. */
  newestEvent: number | undefined;
  /** By their IDs, the sources whose numbers were raised and not written yet. */
  readonly raisedSources = new Map<string, RaisedSource>();

  constructor(video: Doc<"videos">) {
    this.video = video;
  }

  change(patch: Decision["patch"]): void {
    this.video = { ...this.video, ...patch };
    this.unwritten = { ...this.unwritten, ...patch };
  }
}
