import type { Readable, Writable } from "node:stream";

import type { DeliveryStep } from "@klipstream/client/internals";

/** The signals that end a program from outside, and that `exec` hands on to its command. */
export const END_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
export type EndSignal = (typeof END_SIGNALS)[number];

type OutputStream = Writable & { isTTY?: boolean; columns?: number };

/**
 * Everything that a command may touch outside itself. The program takes it from {@link processContext}; a test
 * makes its own. No other file reads `process.env`.
 */
export type CliContext = {
  environment: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths and `.env` files are read from. */
  folder: string;
  stdin: Readable & { isTTY?: boolean };
  stdout: OutputStream;
  stderr: OutputStream;
  /** The machine's clock, ms since the epoch. */
  now: () => number;
  fetch: typeof fetch;
  /** Calls `listener` for each end signal until the returned function is called. */
  onEndSignal: (listener: (signal: EndSignal) => void) => () => void;
  /** Told of each step of an update, before it goes on; only where a process is to be killed at one. */
  onStep?: (step: DeliveryStep) => void;
};

/** The context of this process. */
export function processContext(): CliContext {
  return {
    environment: process.env,
    folder: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    fetch: globalThis.fetch,
    onEndSignal: (listener) => {
      for (const signal of END_SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of END_SIGNALS) process.off(signal, listener);
      };
    },
  };
}
