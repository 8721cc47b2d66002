/** Every code that the backend gives to an expected failure. Clients read the code, never the message. */
export const ERROR_CODES = [
  "INVALID_ARGUMENT",
  "VIDEO_NOT_FOUND",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOTHING_TO_ROLL_BACK",
  "UPDATE_ID_REUSED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];
