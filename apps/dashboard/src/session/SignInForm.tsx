import { type SyntheticEvent, useId, useState } from "react";

import { buttonClass } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { describeSignedOut } from "./describeSignedOut.ts";
import { useSession, useSessionState } from "./useSession.ts";

/** Takes a key or a token; where the last one was not good, says why. */
export function SignInForm() {
  const session = useSession();
  const state = useSessionState();
  const [text, setText] = useState("");
  const id = useId();
  const signIn = (event: SyntheticEvent) => {
    event.preventDefault();
    session.signIn(text);
  };
  const because = state.kind === "signedOut" ? state.because : null;
  const notice = because === null ? null : describeSignedOut(because);
  return (
    <form onSubmit={signIn} className="space-y-4">
      {notice !== null && (
        <Notice
          tone={because?.kind === "expired" ? "warn" : "bad"}
          title={notice.title}
          role="alert"
        >
          {notice.text}
        </Notice>
      )}
      <div>
        <label htmlFor={id} className="mb-1.5 block font-medium">
          Service key or token
        </label>
        <input
          id={id}
          type="password"
          className="field font-mono"
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          required
          aria-describedby={`${id}-hint`}
        />
        <p id={`${id}-hint`} className="mt-1.5 text-xs text-quiet">
          It stays in this tab alone, and is gone when you close the tab or sign out.
        </p>
      </div>
      <button className={`${buttonClass("primary")} w-full`}>Sign in</button>
    </form>
  );
}
