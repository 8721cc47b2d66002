import { inspect } from "node:util";

import { requestContext } from "./requestContext.ts";

const LEVELS = { log: "LOG", debug: "DEBUG", info: "INFO", warn: "WARN", error: "ERROR" } as const;
type Method = keyof typeof LEVELS;
const MOST_LINES = 256;
const LONGEST_LINE = 4096;
const DEFAULT_TIMER = "default";

/**
 * Turns what user code prints into the log lines of its request. Must run before the engine is loaded, which keeps
 * the console that it finds.
 */
export function captureConsole(): void {
  for (const method of Object.keys(LEVELS) as Method[])
    // It is user code's console that is replaced, not ours that is used.
    // eslint-disable-next-line no-console
    console[method] = (...args: unknown[]) => print(method, args);
  Object.assign(console, timers);
}

function print(method: Method, args: readonly unknown[]): void {
  const lines = requestContext.getStore()?.logLines;
  if (lines === undefined || lines.length >= MOST_LINES) return;
  const text = args.map((arg) => inspect(arg)).join(" ");
  lines.push(`[${LEVELS[method]}] ${text.slice(0, LONGEST_LINE)}`);
}

/** Node's own print through another console. */
const timers = {
  time(label: unknown = DEFAULT_TIMER): void {
    const started = requestContext.getStore()?.timers;
    const name = String(label);
    if (started?.has(name) === true) print("warn", [`Timer '${name}' already exists`]);
    else started?.set(name, Date.now());
  },
  timeLog(label: unknown = DEFAULT_TIMER, ...args: unknown[]): void {
    const name = String(label);
    const startedAt = requestContext.getStore()?.timers.get(name);
    if (startedAt === undefined) print("warn", [`Timer '${name}' does not exist`]);
    else print("info", [`${name}: ${Date.now() - startedAt}ms`, ...args]);
  },
  timeEnd(label: unknown = DEFAULT_TIMER): void {
    timers.timeLog(label);
    requestContext.getStore()?.timers.delete(String(label));
  },
};
