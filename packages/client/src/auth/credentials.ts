import {
  BackendUnavailableError,
  CredentialsRefusedError,
  TokenUnavailableError,
} from "../errors.ts";
import type { TokenSource } from "./tokenSource.ts";

/** A token and its number. A refusal names the number, so that it need not hold the secret. */
export type IssuedToken = { token: string | null; serial: number };

/**
 * The token that requests carry now. A refused token is replaced once: if its replacement is refused too, another would
 * be no better, and `refused` says so.
 */
export class Credentials {
  readonly #source: TokenSource;
  readonly #onToken: (token: string) => void;
  #serial = 0;
  #last: string | null | undefined;
  #forceRefresh = false;
  /** The serial of the token that came from a forced refresh and has not been accepted yet. */
  #onTrial: number | undefined;

  /** @param onToken - Told of each new token before it is used: the log's redaction must know it. */
  constructor(source: TokenSource, onToken: (token: string) => void = () => undefined) {
    this.#source = source;
    this.#onToken = onToken;
  }

  /** @throws TokenUnavailableError when the source fails or answers what is no token; what an exchange at the deployment throws. */
  async issue(): Promise<IssuedToken> {
    const forceRefresh = this.#forceRefresh;
    const token = await this.#ask(forceRefresh);
    if (token !== this.#last) {
      this.#last = token;
      this.#serial += 1;
      if (token !== null) this.#onToken(token);
    }
    if (forceRefresh && this.#forceRefresh) {
      this.#forceRefresh = false;
      this.#onTrial = this.#serial;
    }
    return { token, serial: this.#serial };
  }

  /** The backend took this token. */
  accepted(serial: number): void {
    if (serial === this.#onTrial) this.#onTrial = undefined;
  }

  /**
   * The backend refused this token: the next one issued is a fresh one.
   *
   * @returns Whether a retry at once makes sense: false when the refused token was itself the fresh one.
   */
  refused(serial: number): boolean {
    if (serial < this.#serial) return true;
    const wasFresh = serial === this.#onTrial;
    this.#forceRefresh = true;
    this.#onTrial = undefined;
    return !wasFresh;
  }

  async #ask(forceRefresh: boolean): Promise<string | null> {
    let token: unknown;
    try {
      token = await this.#source({ forceRefresh });
    } catch (error) {
      // An exchange goes to the deployment itself, and fails as any other request does.
      if (error instanceof BackendUnavailableError || error instanceof CredentialsRefusedError)
        throw error;
      const why = error instanceof Error ? error.message : "unknown reason";
      throw new TokenUnavailableError(`no token: ${why}`, { cause: error });
    }
    if (token === null || (typeof token === "string" && isToken(token))) return token;
    const what = typeof token === "string" ? `a text of ${token.length} characters` : typeof token;
    throw new TokenUnavailableError(`no token: the token source answered ${what} that is none`);
  }
}

/** Longer than any header that a server takes. */
const TOKEN_MAX_LENGTH = 8192;

/** Visible ASCII, as a header needs it, but no piece of HTML or JSON: an error page or an empty text is no token. */
function isToken(text: string): boolean {
  return text.length <= TOKEN_MAX_LENGTH && /^[!-~]+$/.test(text) && !/[<>{}"]/.test(text);
}
