import { inspect } from "node:util";

import { requestContext } from "./requestContext.ts";

const LEVELS = { log: "LOG", debug: "DEBUG", info: "INFO", warn: "WARN", error: "ERROR" } as const;
const MOST_LINES = 256;
const LONGEST_LINE = 4096;

/**
 * Turns what user code prints into the log lines of its request. Must run before the engine is loaded, which keeps
 * the console that it finds.
 */
export function captureConsole(): void {
  for (const [method, level] of Object.entries(LEVELS))
    // eslint-disable-next-line no-console -- It is user code's console that is replaced, not ours that is used.
    console[method as keyof typeof LEVELS] = (...args: unknown[]) => {
      const lines = requestContext.getStore()?.logLines;
      if (lines === undefined || lines.length >= MOST_LINES) return;
      const text = args.map((arg) => inspect(arg)).join(" ");
      lines.push(`[${level}] ${text.slice(0, LONGEST_LINE)}`);
    };
}
