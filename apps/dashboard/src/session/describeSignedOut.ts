import { formatTime } from "../time/format.ts";
import type { SignedOutBecause } from "./Session.ts";

/** Why somebody is not signed in, in words: what happened, and what to do. */
export function describeSignedOut(because: SignedOutBecause): { title: string; text: string } {
  switch (because.kind) {
    case "unreadable":
      return {
        title: "That is neither a key nor a token.",
        text: "A key begins with klip_; a token is one long line with two dots in it. Copy it again, whole.",
      };
    case "expired":
      return {
        title: "Your token has expired.",
        text: `It was good until ${formatTime(because.at)}. Sign in again with a new one, or with a key.`,
      };
    case "refused":
      return {
        title: "The deployment did not accept this sign-in.",
        text: `${because.why ?? "The token was not made for this deployment, or its key was withdrawn."} Ask whoever runs the deployment for a key that may read videos.`,
      };
  }
}
