import { pino } from "pino";

import { Redactor } from "./redact.ts";

/** Levels of {@link Logger}, least important first; `silent` is none. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The part of pino's logger that this package calls; any logger with these four methods will do. */
export type Logger = {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  /** Where there is one, lines that it refuses are not even built. */
  isLevelEnabled?(level: string): boolean;
};

/** The names of the events that are logged, each with its level. Names are stable: alerts may rely on them. */
export const LOG_EVENTS = {
  "update.accepted": "debug",
  "update.acknowledged": "info",
  "update.rejected": "warn",
  "update.dead_lettered": "error",
  "update.simulated": "info",
  "delivery.sent": "debug",
  "delivery.failed": "warn",
  "delivery.retrying": "info",
  "delivery.recovered": "info",
  "progress.dropped": "debug",
  "auth.refused": "error",
  "auth.refreshed": "info",
  "auth.accepted": "info",
  "outbox.opened": "debug",
  "outbox.corrupt": "error",
  "outbox.lost": "error",
  "outbox.failed": "error",
  "manager.closed": "info",
  "manager.shutdown": "info",
} as const satisfies Record<string, keyof Logger>;
export type LogEvent = keyof typeof LOG_EVENTS;

/** What a log line may say besides its event. */
export type LogFields = {
  twitchId?: string | undefined;
  updateId?: string | undefined;
  attempt?: number | undefined;
  durationMs?: number | undefined;
  httpStatus?: number | undefined;
  requestId?: string | undefined;
  code?: string | undefined;
  pending?: number | undefined;
  outcome?: string | undefined;
  count?: number | undefined;
  delayMs?: number | undefined;
  reason?: string | undefined;
  path?: string | undefined;
  signal?: string | undefined;
  function?: string | undefined;
};

/** Writes one line per event, redacted. A logger that throws does not harm a delivery. */
export class EventLog {
  readonly redactor: Redactor;
  readonly #logger: Logger;

  constructor(logger: Logger, redactor = new Redactor()) {
    this.#logger = logger;
    this.redactor = redactor;
  }

  write(event: LogEvent, message: string, fields: LogFields = {}): void {
    const level = LOG_EVENTS[event];
    if (this.#logger.isLevelEnabled?.(level) === false) return;
    const known = Object.entries<unknown>(fields).filter(([, value]) => value !== undefined);
    const clean = this.redactor.value(Object.fromEntries(known)) as Record<string, unknown>;
    try {
      this.#logger[level]({ event, ...clean }, this.redactor.text(message));
    } catch {
      // A broken logger has no place to say so; losing an update over it would be worse.
    }
  }
}

/**
 * The logger that is used where none is given: pino, one JSON line per event on stderr (stdout belongs to the pipeline), with
 * the severities of Google Cloud.
 */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { component: "@klipstream/client" },
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ severity: SEVERITIES[label] ?? "DEFAULT" }) },
    },
    // Synchronous: the last line before a crash is the one that matters.
    pino.destination({ fd: 2, sync: true }),
  );
}

const SEVERITIES: Record<string, string> = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "CRITICAL",
};
