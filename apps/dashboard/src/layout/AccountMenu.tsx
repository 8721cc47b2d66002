import { formatDuration } from "@klipstream/contract";
import { LogOut } from "lucide-react";
import { Link } from "wouter";

import { signInHref } from "../routing/routes.ts";
import { useSession, useSessionState } from "../session/useSession.ts";
import { formatTime } from "../time/format.ts";
import { useNow } from "../time/useNow.ts";
import { buttonClass } from "../ui/Button.tsx";

/** Who is signed in, for how long, and the way out; or the way in. */
export function AccountMenu() {
  const session = useSession();
  const state = useSessionState();
  if (state.kind === "signedOut")
    return (
      <Link href={signInHref()} className={buttonClass()}>
        Sign in
      </Link>
    );
  const { account, credential } = state;
  return (
    <div className="flex items-center gap-1">
      <div className="max-w-44 text-right leading-tight max-md:hidden">
        <p className="truncate text-xs font-medium">{account?.subject ?? "Signing in ..."}</p>
        {/* A key brings new tokens for as long as it is good. */}
        {account !== null && credential.kind === "token" && <Expiry at={account.expiresAt} />}
      </div>
      <button
        type="button"
        className={`${buttonClass("quiet")} px-2`}
        aria-label="Sign out"
        title="Sign out"
        onClick={() => session.signOut()}
      >
        <LogOut aria-hidden="true" className="size-4" />
      </button>
    </div>
  );
}

function Expiry({ at }: { at: number }) {
  const now = useNow();
  return (
    <p className="figures text-xs text-quiet" title={`until ${formatTime(at)}`}>
      signed in for {formatDuration(Math.ceil((at - now) / 60_000) * 60_000)} more
    </p>
  );
}
