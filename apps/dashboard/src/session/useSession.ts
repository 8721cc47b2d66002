import { createContext, useContext, useSyncExternalStore } from "react";

import { type Account, mayWrite } from "./account.ts";
import type { Session, SessionState } from "./Session.ts";

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession() is used outside <SessionContext>");
  return session;
}

export function useSessionState(): SessionState {
  const session = useSession();
  return useSyncExternalStore(
    (listener) => session.subscribe(listener),
    () => session.state,
  );
}

export function useIsSignedIn(): boolean {
  return useSessionState().kind === "signedIn";
}

/** Who is signed in, or null. */
export function useAccount(): Account | null {
  const state = useSessionState();
  return state.kind === "signedIn" ? state.account : null;
}

/** Whether to offer what needs `videos:write`. */
export function useMayWrite(): boolean {
  return mayWrite(useAccount());
}
