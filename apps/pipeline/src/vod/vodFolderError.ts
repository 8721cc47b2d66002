/** What can be wrong with a VOD folder. */
export type VodFolderProblem =
  | "FOLDER_MISSING"
  | "AUDIO_MISSING"
  | "AUDIO_BROKEN"
  | "CHAT_MISSING"
  | "CHAT_BROKEN"
  | "TRANSCRIPT_MISSING"
  | "TRANSCRIPT_BROKEN"
  | "TWITCH_ID_UNKNOWN";

/** The input of a run cannot be used: no retry mends it. The message is one line that says what to do. */
export class VodFolderError extends Error {
  override readonly name = "VodFolderError";
  readonly code: VodFolderProblem;

  constructor(code: VodFolderProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
