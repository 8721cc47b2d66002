import { z } from "zod";

import type { TokenSource } from "../auth/tokenSource.ts";
import { ConfigurationError } from "../errors.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "../log/log.ts";
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from "../retry/delay.ts";

/** What a manager, an integration or an API client can be told. Each option is optional. */
export type ClientOptions = {
  /**
   * The deployment's address.
   *
   * @default `CONVEX_URL`
   */
  url?: string | undefined;
  /**
   * A service-account key or a ready JWT. Without one, calls are made anonymously.
   *
   * @default `CONVEX_API_KEY`
   */
  apiKey?: string | undefined;
  /** Where tokens come from, instead of `apiKey`. */
  tokenSource?: TokenSource | undefined;
  /**
   * How long one attempt may take, in milliseconds, from 100. Shorter than 8,000 can abort work that still commits.
   *
   * @default 15000
   */
  attemptTimeoutMs?: number | undefined;
  /**
   * The wait between attempts: `baseDelayMs` after the first failure, doubled up to `maxDelayMs`.
   *
   * @default { baseDelayMs: 500, maxDelayMs: 30000 }
   */
  retry?: Partial<RetryPolicy> | undefined;
  /**
   * Where log lines go, instead of stderr: pino, or anything with its four methods `debug`, `info`, `warn`, `error`.
   */
  logger?: Logger | undefined;
  /**
   * The least important level that is logged to stderr; not used with `logger`.
   *
   * @default `LOG_LEVEL`, else "info"
   */
  logLevel?: LogLevel | undefined;
};

/** What a `ConvexManager` can be told. */
export type ManagerOptions = ClientOptions & {
  /**
   * Check and log each call, send nothing, write no file.
   *
   * @default `CONVEX_TEST_MODE`, else false
   */
  testMode?: boolean | undefined;
  /**
   * The outbox file.
   *
   * @default `CONVEX_OUTBOX_PATH`, else `outbox.db` in the platform's state folder
   */
  outboxPath?: string | undefined;
  /**
   * How long an update method waits for the backend's acknowledgement, in milliseconds; 0 = it does not wait.
   *
   * @default 2000
   */
  waitMs?: number | undefined;
  /**
   * Create a video that the backend does not know, instead of refusing its updates.
   *
   * @default false
   */
  createMissing?: boolean | undefined;
};

/** The defaults that do not come from the environment. */
export const DEFAULT_OPTIONS = {
  attemptTimeoutMs: 15_000,
  retry: DEFAULT_RETRY_POLICY,
  logLevel: "info",
  testMode: false,
  waitMs: 2000,
  createMissing: false,
} as const satisfies ManagerOptions;

const milliseconds = (least: number) =>
  z
    .number({ error: "must be a number of milliseconds" })
    .int("must be whole milliseconds")
    .min(least, `must be at least ${least}`)
    .max(3_600_000, "must be at most 3600000, an hour");

const functionOf = <T>(what: string) =>
  z.custom<T>((value) => typeof value === "function", { error: `must be ${what}` });

const loggerSchema = z.custom<Logger>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    ["debug", "info", "warn", "error"].every(
      (level) => typeof (value as Record<string, unknown>)[level] === "function",
    ),
  { error: "must have the methods debug, info, warn and error" },
);

const shape = {
  url: z.string().optional(),
  apiKey: z.string().optional(),
  tokenSource: functionOf<TokenSource>("a function that resolves to a token").optional(),
  attemptTimeoutMs: milliseconds(100).optional(),
  retry: z
    .strictObject({
      baseDelayMs: milliseconds(1).optional(),
      maxDelayMs: milliseconds(1).optional(),
    })
    .optional(),
  logger: loggerSchema.optional(),
  logLevel: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` }).optional(),
};

const managerShape = {
  ...shape,
  testMode: z.boolean().optional(),
  outboxPath: z.string().min(1, "must not be empty").optional(),
  waitMs: milliseconds(0).optional(),
  createMissing: z.boolean().optional(),
};

const clientOptionsSchema = z.strictObject(shape);
const managerOptionsSchema = z.strictObject(managerShape);

/** The names of all options, in the order of the README's table. */
export const OPTION_NAMES = Object.keys(managerShape) as (keyof ManagerOptions)[];

/** @throws ConfigurationError that names the first option that is wrong. */
export function checkClientOptions(options: ClientOptions): void {
  check(clientOptionsSchema, options);
}

/** @throws ConfigurationError that names the first option that is wrong. */
export function checkManagerOptions(options: ManagerOptions): void {
  check(managerOptionsSchema, options);
}

/** Fills in the defaults of what an update may say for itself. */
export function resolveUpdateDefaults({ waitMs, createMissing }: ManagerOptions) {
  return {
    waitMs: waitMs ?? DEFAULT_OPTIONS.waitMs,
    createMissing: createMissing ?? DEFAULT_OPTIONS.createMissing,
  };
}

/** Fills in the defaults of a retry policy. */
export function resolveRetryPolicy(retry: ClientOptions["retry"]): RetryPolicy {
  const baseDelayMs = retry?.baseDelayMs ?? DEFAULT_RETRY_POLICY.baseDelayMs;
  const maxDelayMs = retry?.maxDelayMs ?? Math.max(DEFAULT_RETRY_POLICY.maxDelayMs, baseDelayMs);
  return { baseDelayMs, maxDelayMs };
}

function check(schema: z.ZodType, options: ClientOptions): void {
  const parsed = schema.safeParse(options);
  const issue = parsed.error?.issues[0];
  if (issue !== undefined) {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const option = [...issue.path, ...(unknown === undefined ? [] : [unknown])].join(".");
    throw new ConfigurationError(
      option === "" ? "options" : option,
      unknown === undefined ? issue.message : "is not an option",
    );
  }
  if (options.apiKey !== undefined && options.tokenSource !== undefined)
    throw new ConfigurationError("tokenSource", "cannot be used together with apiKey");
  const { baseDelayMs, maxDelayMs } = resolveRetryPolicy(options.retry);
  if (maxDelayMs < baseDelayMs)
    throw new ConfigurationError(
      "retry.maxDelayMs",
      `(${maxDelayMs}) must be at least retry.baseDelayMs (${baseDelayMs})`,
    );
}
