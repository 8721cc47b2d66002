import { intervalOf, nextRun } from "../push/cronSchedule.ts";
import type { CronJob } from "../push/pushFormats.ts";
import { Timers } from "./timers.ts";

/** Runs the jobs of `crons.ts`: those with an interval at once when they are new, the others when it is their time. */
export class Crons {
  readonly #timers = new Timers();
  readonly #run: (job: CronJob) => Promise<unknown>;
  #jobs = new Map<string, string>();

  constructor(run: (job: CronJob) => Promise<unknown>) {
    this.#run = run;
  }

  /** Takes over the jobs of newly deployed code; unchanged ones keep their rhythm. */
  set(jobs: readonly CronJob[]): void {
    const now = new Map(jobs.map((job) => [keyOf(job), JSON.stringify(job)]));
    for (const name of this.#jobs.keys()) if (!now.has(name)) this.#timers.clear(name);
    const before = this.#jobs;
    this.#jobs = now;
    for (const job of jobs)
      if (before.get(keyOf(job)) !== now.get(keyOf(job))) this.#arm(job, firstDue(job));
  }

  close(): void {
    this.#timers.clearAll();
    this.#jobs.clear();
  }

  #arm(job: CronJob, dueAt: number | null): void {
    if (dueAt === null) {
      this.#timers.clear(keyOf(job));
      return;
    }
    const version = this.#jobs.get(keyOf(job));
    this.#timers.set(keyOf(job), dueAt, () => {
      void this.#run(job).finally(() => {
        if (this.#jobs.get(keyOf(job)) === version) this.#arm(job, dueAfter(job, dueAt));
      });
    });
  }
}

function keyOf({ component, name }: CronJob): string {
  return JSON.stringify([component, name]);
}

function firstDue({ schedule }: CronJob): number | null {
  return intervalOf(schedule) === null ? nextRun(schedule, Date.now()) : Date.now();
}

/** A run that takes longer than to the next one skips the runs that it covers, as on the real backend. */
function dueAfter({ schedule }: CronJob, dueAt: number): number | null {
  const intervalMs = intervalOf(schedule);
  if (intervalMs === null) return nextRun(schedule, Math.max(dueAt, Date.now()));
  const missed = Math.floor((Date.now() - dueAt) / intervalMs);
  return dueAt + (missed + 1) * intervalMs;
}
