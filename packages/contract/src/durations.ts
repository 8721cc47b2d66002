const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `3 d 4 h`, `2 h 5 min`, `12 s`: the two largest units of a length of time in ms. */
export function formatDuration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms / SECOND_MS) * SECOND_MS);
  const parts: [count: number, unit: string][] = [
    [Math.floor(rounded / DAY_MS), "d"],
    [Math.floor(rounded / HOUR_MS) % 24, "h"],
    [Math.floor(rounded / MINUTE_MS) % 60, "min"],
    [Math.floor(rounded / SECOND_MS) % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
