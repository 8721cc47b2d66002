/** What `klipstream` exits with; scripts may rely on it. `exec` alone exits with its command's own code. */
export const EXIT_CODES = {
  DONE: 0,
  FAILED: 1,
  USAGE: 2,
  QUEUED: 3,
  CREDENTIALS_REFUSED: 4,
  NOT_FOUND: 5,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** One line per exit code, for the README and `--help`. */
export const EXIT_CODE_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  DONE: "done",
  FAILED: "failed",
  USAGE: "usage: an argument, an option or the configuration is wrong",
  QUEUED: "queued: the deployment could not be reached; the update is safe in the outbox",
  CREDENTIALS_REFUSED: "credentials refused",
  NOT_FOUND: "not found",
};
