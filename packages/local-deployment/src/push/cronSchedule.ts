import { Cron } from "croner";

/** When a job of `crons.ts` runs, as `cronJobs()` exports it. */
export type CronSchedule = {
  type: string;
  seconds?: number;
  minutes?: number;
  hours?: number;
  minuteUTC?: number | undefined;
  hourUTC?: number;
  dayOfWeek?: string;
  day?: number;
  cron?: string;
};

/** How long it is from run to run, in ms; null for a schedule that is no interval. */
export function intervalOf(schedule: CronSchedule): number | null {
  if (schedule.type !== "interval") return null;
  const { seconds = 0, minutes = 0, hours = 0 } = schedule;
  return (seconds + 60 * minutes + 3600 * hours) * 1000;
}

/**
 * The first run of a schedule that is no interval after a time.
 *
 * @param after in ms since the epoch, as what it returns; null: it never runs.
 */
export function nextRun(schedule: CronSchedule, after: number): number | null {
  return parse(schedule).nextRun(new Date(after))?.getTime() ?? null;
}

/** What is wrong with a schedule, or null. */
export function scheduleProblem(schedule: CronSchedule): string | null {
  try {
    if (intervalOf(schedule) === null) parse(schedule);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `"${patternOf(schedule)}" is no cron expression: ${reason}`;
  }
}

function parse(schedule: CronSchedule): Cron {
  return new Cron(patternOf(schedule), { timezone: "UTC", mode: "5-part", paused: true });
}

function patternOf({ type, cron = "", ...at }: CronSchedule): string {
  // The real backend chooses the minute that is left open.
  const { minuteUTC: minute = 0, hourUTC: hour = 0, day = 1, dayOfWeek = "" } = at;
  switch (type) {
    case "hourly":
      return `${minute} * * * *`;
    case "daily":
      return `${minute} ${hour} * * *`;
    case "weekly":
      return `${minute} ${hour} * * ${dayOfWeek.slice(0, 3)}`;
    case "monthly":
      return `${minute} ${hour} ${day} * *`;
    default:
      return cron;
  }
}
