import type { ArtifactUrls, VideoStatus } from "@klipstream/contract";

/** One call of a story, and when: minutes before now. */
export type Step = { minutesAgo: number; path: string; args: Record<string, unknown>; by: string };

export const RUNNING = "2434635255";
export const FAILED = "2431180047";
export const COMPLETED = "2398441206";
export const STALLED = "2429907713";

const STAGES = [
  "Downloading",
  "Fetching chat",
  "Transcribing",
  "Analyzing",
  "Finding highlights",
] as const satisfies VideoStatus[];

class Story {
  readonly steps: Step[] = [];
  readonly #twitchId: string;
  readonly #now: number;
  #run: { id: string; startedAt: number } | undefined;

  constructor(now: number, twitchId: string) {
    this.#now = now;
    this.#twitchId = twitchId;
  }

  create(minutesAgo: number, title: string): this {
    return this.#add(minutesAgo, "video:create", { title });
  }

  /** The updates from here on belong to this run. */
  run(minutesAgo: number, id: string): this {
    this.#run = { id, startedAt: this.#at(minutesAgo) };
    return this;
  }

  status(
    minutesAgo: number,
    status: VideoStatus,
    meta: { reason?: string; arrived?: number } = {},
  ): this {
    const { arrived, ...rest } = meta;
    return this.#add(arrived ?? minutesAgo, "video:updateStatusByTwitchId", {
      ...{ status, ...this.#meta(minutesAgo), ...rest },
    });
  }

  urls(minutesAgo: number, urls: Partial<ArtifactUrls>, arrived = minutesAgo): this {
    return this.#add(arrived, "video:updateUrls", { urls, ...this.#meta(minutesAgo) });
  }

  rollback(minutesAgo: number, reason: string): this {
    return this.#add(minutesAgo, "video:rollbackStatus", { reason, ...this.#meta(minutesAgo) });
  }

  progress(minutesAgo: number, percent: number, message: string): this {
    return this.#add(minutesAgo, "video:reportProgress", {
      ...{ percent, message, ...(this.#run && { run: this.#run }) },
    });
  }

  /** A run without trouble, its stages this many minutes long each. */
  whole(minutesAgo: number, lengths: readonly number[]): this {
    let at = minutesAgo;
    STAGES.forEach((stage, index) => {
      this.status(at, stage);
      at -= lengths[index] ?? 5;
    });
    return this.status(at, "Completed");
  }

  #meta(minutesAgo: number) {
    return { occurredAt: this.#at(minutesAgo), ...(this.#run && { run: this.#run }) };
  }

  #at(minutesAgo: number): number {
    return Math.round(this.#now - minutesAgo * 60_000);
  }

  #add(minutesAgo: number, path: string, args: Record<string, unknown>): this {
    const by = STAGES.slice(3).includes(args["status"] as "Analyzing")
      ? "analysis-pipeline"
      : "raw-pipeline";
    this.steps.push({ minutesAgo, path, args: { twitchId: this.#twitchId, ...args }, by });
    return this;
  }
}

/**
 * An afternoon of KlipStream: one video of each kind that a dashboard has to show well.
 *
 * @param now - Milliseconds since the epoch.
 * @param files - URLs of real output files, which the videos share.
 */
export function afternoon(now: number, files: ArtifactUrls): Step[] {
  const story = (twitchId: string) => new Story(now, twitchId);
  const stories = [running, failed, completed, stalled].map((tell) => tell(story, files));
  return [...stories, ...others(story, files)]
    .flatMap(({ steps }) => steps)
    .sort((a, b) => b.minutesAgo - a.minutesAgo);
}

type Begin = (twitchId: string) => Story;

function running(story: Begin, { chatUrl, audiowaveUrl }: ArtifactUrls): Story {
  return story(RUNNING)
    .create(176, "Elden Ring: the final boss, no summons, no sleep")
    .run(150, "9f2c41d7-raw")
    .status(150, "Downloading")
    .status(112, "Fetching chat", { arrived: 83 })
    .urls(96, { chatUrl }, 82.9)
    .status(81, "Transcribing")
    .urls(79, { audiowaveUrl })
    .progress(0.2, 62, "3 h 6 min of 5 h");
}

function failed(story: Begin, { chatUrl }: ArtifactUrls): Story {
  const noDisk = "ffmpeg exited with 1: no space left on device";
  const noSpeech = "the speech model ran out of memory at 1:42:10";
  return story(FAILED)
    .create(232, "Celeste any% until sunrise, with commentary")
    .run(205, "c7713be0-raw")
    .status(205, "Downloading")
    .rollback(191, noDisk)
    .status(183, "Downloading")
    .status(152, "Fetching chat")
    .urls(143, { chatUrl })
    .status(142, "Transcribing")
    .rollback(104, noSpeech)
    .status(96, "Transcribing")
    .run(240, "0b5e9d12-old")
    .status(128, "Analyzing", { arrived: 70 })
    .run(205, "c7713be0-raw")
    .progress(37, 58, "1 h 40 min of 2 h 52 min")
    .status(36, "Failed", {
      reason: `${noSpeech}, three times in a row; the machine needs more than 8 GB`,
    });
}

function completed(story: Begin, { transcriptAnalysisUrl, ...raw }: ArtifactUrls): Story {
  return story(COMPLETED)
    .create(214, "Cooking a soufflé while chat votes on the spices")
    .run(200, "51aa8e6f-raw")
    .whole(200, [24, 9, 58, 22, 7])
    .urls(110, raw)
    .urls(80.1, { transcriptAnalysisUrl });
}

function stalled(story: Begin): Story {
  return story(STALLED)
    .create(320, "Factorio megabase, hour 31: trains")
    .run(300, "ee40d9b3-raw")
    .status(300, "Downloading")
    .progress(288, 34, "6.1 of 18 GB");
}

function others(story: Begin, files: ArtifactUrls): Story[] {
  const { transcriptAnalysisUrl: _later, ...raw } = files;
  const { chatUrl } = files;
  return [
    story("2433120981").create(9, "Chess boxing qualifiers, day two"),
    story("2433120554").create(14, "Just chatting: reading your worst commit messages"),
    story("2432977410")
      .create(95, "Baldur's Gate 3, honour mode, act two")
      .status(61, "Downloading")
      .status(33, "Fetching chat")
      .status(12, "Transcribing")
      .urls(13, { chatUrl })
      .progress(0.4, 21, "42 min of 3 h 20 min"),
    story("2432650127")
      .create(170, "Lo-fi study stream, 8 hours")
      .status(140, "Downloading")
      .status(92, "Fetching chat")
      .status(70, "Transcribing")
      .status(18, "Analyzing")
      .urls(19, raw)
      .progress(0.7, 44, "chat rate"),
    story("2432008866")
      .create(180, "Speedrun marathon: block three")
      .status(150, "Downloading")
      .status(121, "Fetching chat")
      .status(111, "Transcribing")
      .status(40, "Analyzing")
      .status(4, "Finding highlights")
      .urls(19, raw),
    story("2431904702")
      .create(55, "Restoring a 1986 synthesizer, part 4")
      .status(48, "Downloading")
      .status(46, "Failed", { reason: "Twitch answers 403: the VOD is for subscribers only" }),
    story("2430075519")
      .create(330, "Rocket League 2v2 ladder, grand champion or bust")
      .whole(300, [30, 10, 90, 30, 10])
      .urls(130.1, files),
    story("2429833006")
      .create(340, "Painting miniatures: a dragon in six glazes")
      .whole(310, [20, 8, 70, 20, 9])
      .urls(183.1, files),
    story("2428120437")
      .create(350, "Late night trivia with the mods")
      .whole(330, [12, 5, 40, 15, 5])
      .urls(253.1, files),
  ];
}
