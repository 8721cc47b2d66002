import type { CronJob } from "../push/pushFormats.ts";
import { Timers } from "./timers.ts";

/** Runs the interval jobs of `crons.ts`: at once when they are new, then once in each interval. */
export class Crons {
  readonly #timers = new Timers();
  readonly #run: (job: CronJob) => Promise<unknown>;
  #jobs = new Map<string, string>();

  constructor(run: (job: CronJob) => Promise<unknown>) {
    this.#run = run;
  }

  /**
   * Takes over the jobs of newly deployed code; unchanged ones keep their rhythm.
   *
   * @returns the names of jobs that do not run here, as their schedule is no interval.
   */
  set(jobs: readonly CronJob[]): string[] {
    const now = new Map(jobs.map((job) => [keyOf(job), JSON.stringify(job)]));
    for (const name of this.#jobs.keys()) if (!now.has(name)) this.#timers.clear(name);
    const before = this.#jobs;
    this.#jobs = now;
    const skipped: string[] = [];
    for (const job of jobs) {
      if (before.get(keyOf(job)) === now.get(keyOf(job))) continue;
      const intervalMs = intervalOf(job);
      if (intervalMs === null) {
        this.#timers.clear(keyOf(job));
        skipped.push(job.name);
      } else this.#arm(job, Date.now(), intervalMs);
    }
    return skipped;
  }

  close(): void {
    this.#timers.clearAll();
    this.#jobs.clear();
  }

  #arm(job: CronJob, dueAt: number, intervalMs: number): void {
    const version = this.#jobs.get(keyOf(job));
    this.#timers.set(keyOf(job), dueAt, () => {
      // A run that takes longer than the interval skips the runs that it covers, as on the real backend.
      void this.#run(job).finally(() => {
        if (this.#jobs.get(keyOf(job)) !== version) return;
        const missed = Math.floor((Date.now() - dueAt) / intervalMs);
        this.#arm(job, dueAt + (missed + 1) * intervalMs, intervalMs);
      });
    });
  }
}

function keyOf({ component, name }: CronJob): string {
  return JSON.stringify([component, name]);
}

function intervalOf({ schedule }: CronJob): number | null {
  if (schedule.type !== "interval") return null;
  const { seconds = 0, minutes = 0, hours = 0 } = schedule;
  return (seconds + 60 * minutes + 3600 * hours) * 1000;
}
