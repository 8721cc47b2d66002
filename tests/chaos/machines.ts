import type { ConvexManager } from "@klipstream/client";
import type { VideoStatus } from "@klipstream/contract";

import { readEvents } from "./backend.ts";
import { FAIR } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { createMachine, createVideos, LONG_STORM, type Setting, wrongClock } from "./machine.ts";
import { Random } from "./random.ts";

const STATUSES = ["Downloading", "Transcribing", "Analyzing", "Completed"] as const;
const MACHINES = 4;
const VIDEOS = 6;

type Run = ReturnType<ConvexManager["startRun"]>;
/** One update, and whether it must take effect. */
type Reported = { updateId: string; applies: boolean };

/**
 * Machines whose clocks are up to a year apart take turns at the same videos, in several runs, and repeat what they have said. Each hands
 * over once its updates are delivered. Copies of all their requests arrive a second time at any later moment.
 */
export async function disagreeOnTime(setting: Setting & { legs: number }): Promise<Finding> {
  const { backend, proxy, seed, legs } = setting;
  const random = new Random(seed);
  const twitchIds = await createVideos(setting, 50_000, VIDEOS);
  const machines = Array.from({ length: MACHINES }, (_, number) => {
    const clock = wrongClock(random, `machine ${number}`);
    return createMachine(setting, `machine-${number}.db`, { ambient: { clock } });
  });
  proxy.weather = LONG_STORM;
  proxy.copyLater({ share: 0.5, withinMs: 2000 });
  const videos = twitchIds.map((twitchId) => new HandedOver(twitchId, machines, random));
  let delivered = true;
  try {
    await Promise.all(
      videos.map(async (video) => {
        for (let leg = 0; leg < legs; leg++) delivered = (await video.playLeg()) && delivered;
      }),
    );
    proxy.weather = FAIR;
    await proxy.replayAll();
  } finally {
    proxy.weather = FAIR;
    proxy.copyLater(undefined);
    await Promise.all(machines.map((machine) => machine.close()));
  }
  await proxy.calm();
  let wrong = 0;
  for (const video of videos) {
    const events = await readEvents(backend.direct, video.twitchId);
    const recorded = events.flatMap(({ updateId, applied }) =>
      updateId === undefined ? [] : [{ updateId, applies: applied }],
    );
    if (JSON.stringify(recorded) !== JSON.stringify(video.reported)) wrong += 1;
    const { status, chatUrl } = (await backend.direct.getVideo(video.twitchId)) ?? {};
    if (status !== video.status || chatUrl !== video.chatUrl) wrong += 1;
  }
  const count = videos.reduce((sum, { reported }) => sum + reported.length, 0);
  return {
    promise: "clocks that disagree break nothing",
    how: `${MACHINES} machines up to a year apart, ${count} updates in several runs, repeated statuses, ${proxy.copies} late copies`,
    figure: `${wrong} of ${VIDEOS} videos wrong`,
    kept: wrong === 0 && delivered,
  };
}

/** What has been reported of one video, and what must stand there. */
class HandedOver {
  readonly twitchId: string;
  readonly reported: Reported[] = [];
  status: VideoStatus = "Queued";
  chatUrl: string | undefined;
  readonly #machines: readonly ConvexManager[];
  readonly #random: Random;
  readonly #runs = new Map<ConvexManager, Run>();
  #newest: Run | undefined;

  constructor(twitchId: string, machines: readonly ConvexManager[], random: Random) {
    this.twitchId = twitchId;
    this.#machines = machines;
    this.#random = random;
  }

  /** A machine reports a few updates, of its run of this video where it has one, and sees them delivered. */
  async playLeg(): Promise<boolean> {
    const random = this.#random;
    const machine = random.pick(this.#machines);
    if (!this.#runs.has(machine) && random.chance(0.4)) {
      this.#newest = machine.startRun(this.twitchId);
      this.#runs.set(machine, this.#newest);
    }
    const run = this.#runs.get(machine);
    const applies = run === undefined || run === this.#newest;
    for (let count = random.between(1, 4); count > 0; count--) {
      const status = random.pick(STATUSES);
      await this.#report(machine, { applies, status });
      if (random.chance(0.5)) await this.#repeat(machine, status);
    }
    const { delivered } = await machine.flush({ timeoutMs: 60_000 });
    return delivered;
  }

  async #report(
    machine: ConvexManager,
    { applies, status }: { applies: boolean; status: VideoStatus },
  ): Promise<void> {
    const updateId = `${this.twitchId}-${this.reported.length}`;
    const chatUrl = `https://files.example/${updateId}.csv`;
    const progress = { status, urls: { chatUrl } };
    const run = this.#runs.get(machine);
    if (run === undefined)
      await machine.updatePipelineProgress(this.twitchId, progress, { updateId });
    else await run.updatePipelineProgress(progress, { updateId });
    this.reported.push({ updateId, applies });
    if (applies) Object.assign(this, { status, chatUrl });
  }

  /** Leaves no event where it changes nothing; of an older run, one that says so. */
  async #repeat(machine: ConvexManager, status: VideoStatus): Promise<void> {
    const run = this.#runs.get(machine);
    if (run === undefined) await machine.updateVideoStatus(this.twitchId, status);
    else if (run === this.#newest) await run.updateVideoStatus(status);
  }
}
