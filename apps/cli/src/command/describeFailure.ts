import { BackendUnavailableError, KlipstreamError } from "@klipstream/client";

import { CliError } from "./cliError.ts";
import { EXIT_CODES, type ExitCode } from "./exitCodes.ts";

const DOCTOR = "see `klipstream doctor`";

type Explained = { exitCode: ExitCode; remedy: string | null };

/** What each error of the client means for an operator. */
const EXPLAINED: Readonly<Record<KlipstreamError["code"], Explained>> = {
  INVALID_ARGUMENT: { exitCode: EXIT_CODES.USAGE, remedy: null },
  CONFIGURATION: { exitCode: EXIT_CODES.USAGE, remedy: DOCTOR },
  VIDEO_NOT_FOUND: { exitCode: EXIT_CODES.NOT_FOUND, remedy: "create it: klipstream create <id>" },
  NOTHING_TO_ROLL_BACK: { exitCode: EXIT_CODES.FAILED, remedy: "see `klipstream history <id>`" },
  UPDATE_ID_REUSED: { exitCode: EXIT_CODES.FAILED, remedy: null },
  UNAUTHENTICATED: { exitCode: EXIT_CODES.CREDENTIALS_REFUSED, remedy: DOCTOR },
  FORBIDDEN: { exitCode: EXIT_CODES.CREDENTIALS_REFUSED, remedy: DOCTOR },
  TOKEN_UNAVAILABLE: { exitCode: EXIT_CODES.CREDENTIALS_REFUSED, remedy: DOCTOR },
  BACKEND_UNAVAILABLE: { exitCode: EXIT_CODES.FAILED, remedy: DOCTOR },
  REQUEST_REFUSED: { exitCode: EXIT_CODES.FAILED, remedy: DOCTOR },
  SERVER_ERROR: { exitCode: EXIT_CODES.FAILED, remedy: `${DOCTOR}, and npx convex logs` },
  MANAGER_CLOSED: { exitCode: EXIT_CODES.FAILED, remedy: null },
  OUTBOX_CORRUPT: { exitCode: EXIT_CODES.FAILED, remedy: DOCTOR },
  OUTBOX_FULL: {
    exitCode: EXIT_CODES.FAILED,
    remedy: "klipstream outbox drain, or mend its dead letters",
  },
  OUTBOX_UNWRITABLE: { exitCode: EXIT_CODES.FAILED, remedy: DOCTOR },
  OUTBOX_VERSION: { exitCode: EXIT_CODES.FAILED, remedy: "update klipstream on this machine" },
};

/** Turns what was thrown into what the operator is told. A defect keeps its stack, in the message. */
export function describeFailure(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof KlipstreamError) {
    const message =
      error instanceof BackendUnavailableError
        ? `the deployment cannot be reached: ${error.message}`
        : error.message;
    return new CliError(message, { ...EXPLAINED[error.code], cause: error });
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CliError(`unexpected: ${what}`, { cause: error });
}
