import { EXIT_CODES, type ExitCode } from "./exitCodes.ts";

/** A failure that the operator can act on: what was wrong, what to do about it, and what to exit with. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  /** What to do, or null where the message says it. */
  readonly remedy: string | null;

  constructor(
    message: string,
    options: { exitCode?: ExitCode | undefined; remedy?: string | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_CODES.FAILED;
    this.remedy = options.remedy ?? null;
  }
}

/** A {@link CliError} for a wrong argument, option or setting. */
export function usageError(message: string, remedy: string | null = null): CliError {
  return new CliError(message, { exitCode: EXIT_CODES.USAGE, remedy });
}
