const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12 s ago`, `3 h ago`: the largest unit only, as it changes all the time. */
export function formatAge(ms: number): string {
  if (ms < 5 * SECOND) return "just now";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

/** `1:02:03`, `4:05`: a position in a VOD, in seconds. */
export function formatPosition(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (part: number) => String(part).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

const full = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "long",
});
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const clockAndDay = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const clockToMinute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** `24 Nov 2026, 14:02:10 CET`: with the time zone of the reader. */
export function formatTime(at: number): string {
  return full.format(at);
}

/** `14:02:10`, or `24 Nov, 14:02` where that is another day than `now`'s. */
export function formatClock(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return (isToday ? clock : clockAndDay).format(at);
}

/** `14:02:10`, `14:02` or `24 Nov`: a round time on an axis whose marks are `stepMs` apart. */
export function formatTick(at: number, stepMs: number): string {
  if (stepMs >= DAY) return day.format(at);
  return (stepMs >= MINUTE ? clockToMinute : clock).format(at);
}

/** The name of the reader's time zone: `Europe/Berlin`. */
export function timeZone(): string {
  return full.resolvedOptions().timeZone;
}
