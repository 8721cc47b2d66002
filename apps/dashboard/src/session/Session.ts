import type { ConvexReactClient } from "convex/react";

import { type Account, readToken } from "./account.ts";
import { type Credential, readCredential } from "./credential.ts";
import type { KeyExchange } from "./exchangeKey.ts";

/** Why somebody who was signed in, or tried to be, is not. */
export type SignedOutBecause =
  | { kind: "unreadable" }
  | { kind: "expired"; at: number }
  | { kind: "refused"; why: string | null };

export type SessionState =
  | { kind: "signedOut"; because: SignedOutBecause | null }
  /** `account` is null while a key is being exchanged. */
  | { kind: "signedIn"; credential: Credential; account: Account | null };

type Ambient = {
  client: Pick<ConvexReactClient, "setAuth" | "clearAuth">;
  /** Kept until the tab is closed. */
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  exchangeKey: (key: string) => Promise<KeyExchange>;
  now: () => number;
  delay: (ms: number) => Promise<void>;
};

const STORAGE_KEY = "klipstream.credential";
const RETRY_AFTER_MS = 3_000;

/** Who is signed in, in this tab. Signed out, signed in, and from there back with a reason: nothing else. */
export class Session {
  #state: SessionState = { kind: "signedOut", because: null };
  /** What the key was exchanged for last. */
  #exchanged: { token: string; expiresAt: number } | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #ambient: Ambient;

  constructor(ambient: Ambient) {
    this.#ambient = ambient;
  }

  get state(): SessionState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Signs in with what this tab signed in with before it was reloaded, if anything. */
  resume(): void {
    const text = this.#ambient.storage.getItem(STORAGE_KEY);
    if (text !== null) this.signIn(text);
  }

  /** Signs in with a key or a token; where the text is neither, or has expired, the state says so. */
  signIn(pasted: string): void {
    const credential = readCredential(pasted);
    const account = credential?.kind === "token" ? readToken(credential.text) : null;
    if (credential === null || (credential.kind === "token" && account === null)) {
      this.#end({ kind: "unreadable" });
      return;
    }
    if (this.#hasExpired(account)) {
      this.#end({ kind: "expired", at: account.expiresAt });
      return;
    }
    this.#ambient.storage.setItem(STORAGE_KEY, credential.text);
    this.#exchanged = null;
    this.#set({ kind: "signedIn", credential, account });
    this.#ambient.client.setAuth(
      () => this.#fetchToken(credential),
      (isAuthenticated) => {
        if (!isAuthenticated) this.#reject(credential);
      },
    );
  }

  signOut(): void {
    this.#end(null);
  }

  /** Ends the session because a call was refused: a token that is good for nothing here. */
  refuse(why: string): void {
    if (this.#state.kind === "signedIn") this.#end({ kind: "refused", why });
  }

  async #fetchToken(credential: Credential): Promise<string | null> {
    if (credential.kind === "token")
      return this.#hasExpired(readToken(credential.text)) ? null : credential.text;
    while (this.#isCurrent(credential)) {
      const exchanged = await this.#ambient.exchangeKey(credential.text);
      if (!this.#isCurrent(credential)) return null;
      if (exchanged.kind === "token") {
        this.#set({ kind: "signedIn", credential, account: exchanged.account });
        return this.#keepLonger({ token: exchanged.token, expiresAt: exchanged.account.expiresAt });
      }
      if (exchanged.kind === "refused") {
        this.#end({ kind: "refused", why: exchanged.why });
        return null;
      }
      await this.#ambient.delay(RETRY_AFTER_MS);
    }
    return null;
  }

  /** Convex asks again and again for another token while there is one that ends soon, as at the end of a key's own life. */
  #keepLonger(next: { token: string; expiresAt: number }): string {
    if (this.#exchanged === null || next.expiresAt > this.#exchanged.expiresAt)
      this.#exchanged = next;
    return this.#exchanged.token;
  }

  #reject(credential: Credential): void {
    if (!this.#isCurrent(credential)) return;
    const account = this.#state.kind === "signedIn" ? this.#state.account : null;
    if (this.#hasExpired(account)) this.#end({ kind: "expired", at: account.expiresAt });
    else this.#end({ kind: "refused", why: null });
  }

  #hasExpired(account: Account | null): account is Account {
    return account !== null && account.expiresAt <= this.#ambient.now();
  }

  #isCurrent(credential: Credential): boolean {
    return this.#state.kind === "signedIn" && this.#state.credential === credential;
  }

  #end(because: SignedOutBecause | null): void {
    const wasSignedIn = this.#state.kind === "signedIn";
    this.#ambient.storage.removeItem(STORAGE_KEY);
    this.#set({ kind: "signedOut", because });
    if (wasSignedIn) this.#ambient.client.clearAuth();
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
