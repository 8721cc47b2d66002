export type DataFileErrorCode =
  /** Another deployment has it open. */
  | "DATA_IN_USE"
  /** It is not what was written. It is left as it is. */
  | "DATA_DAMAGED"
  /** A newer version of this package wrote it. */
  | "DATA_VERSION"
  /** It cannot be read or written: the disk is full, or rights are missing. */
  | "DATA_UNUSABLE";

/** The file that keeps a deployment's data cannot be used. */
export class DataFileError extends Error {
  override readonly name = "DataFileError";
  readonly code: DataFileErrorCode;

  constructor(code: DataFileErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
