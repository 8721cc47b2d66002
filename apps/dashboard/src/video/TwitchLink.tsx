import { ExternalLink } from "lucide-react";

/** The video on Twitch, at a position if one is given. */
export function TwitchLink({ twitchId, seconds }: { twitchId: string; seconds?: number }) {
  const at = seconds === undefined ? "" : `?t=${Math.floor(seconds)}s`;
  return (
    <a
      href={`https://www.twitch.tv/videos/${encodeURIComponent(twitchId)}${at}`}
      target="_blank"
      rel="noreferrer"
      className="inline-flex min-h-6 items-center gap-1 text-sm text-accent hover:underline"
    >
      {seconds === undefined ? "On Twitch" : "Watch there on Twitch"}
      <ExternalLink aria-hidden="true" className="size-3.5" />
    </a>
  );
}
