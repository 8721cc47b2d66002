import { videoHref } from "../routing/routes.ts";
import { CopyButton } from "../ui/CopyButton.tsx";

/** Copies this page's address: without a sign-in it shows the status and the files, and nothing else. */
export function ShareLink({ twitchId }: { twitchId: string }) {
  const { origin, pathname } = location;
  return (
    <CopyButton text={`${origin}${pathname}#${videoHref(twitchId)}`} label="Copy public link" />
  );
}
