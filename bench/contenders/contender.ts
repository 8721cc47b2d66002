import type { VideoStatus } from "@klipstream/contract";

/** What a pipeline reports of a video at one moment. */
export type Report = {
  twitchId: string;
  status?: VideoStatus;
  urls?: { transcriptUrl?: string; chatUrl?: string; transcriptAnalysisUrl?: string };
};

/** Where a contender reports to, and with what. */
export type Place = {
  url: string;
  /** A token that is ready, so that nobody's exchange of a key is measured; null for anonymous calls. */
  token: string | null;
  /** For what a contender keeps on disk. */
  folder: string;
};

/** A pipeline's process, from the contender's first call to its end. */
export type Session = {
  /** Resolves when the caller may go on. What becomes of the report is seen in the backend, not here. */
  report: (report: Report) => Promise<void>;
  /** Resolves when nothing is left to send, or after `timeoutMs`. */
  settle: (timeoutMs: number) => Promise<void>;
  close: () => Promise<void>;
};

/** A way to report. */
export type Contender = { name: string; open: (place: Place) => Session };
