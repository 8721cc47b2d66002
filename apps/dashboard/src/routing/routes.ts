import { TWITCH_ID_PATTERN, VIDEO_STATUSES, type VideoStatus } from "@klipstream/contract";

/** Patterns of the paths, as the router reads them. */
export const PATHS = { overview: "/", video: "/videos/:twitchId", signIn: "/sign-in" } as const;

/** What the overview shows: the whole of its filter stands in its address. */
export type OverviewSearch = { status?: VideoStatus; stalled?: true };

/** The output that a video page shows; the first that there is where the address names none. */
export const PREVIEWS = ["highlights", "transcript", "chat"] as const;
export type Preview = (typeof PREVIEWS)[number];
export type VideoSearch = { preview?: Preview };

/** The video to go to after the sign-in. */
export type SignInSearch = { video?: string };

/** Reading an address never fails: a part of it that means nothing is left out. */
export function readOverviewSearch(search: string): OverviewSearch {
  const parameters = new URLSearchParams(search);
  const status = VIDEO_STATUSES.find((each) => each === parameters.get("status"));
  return {
    ...(status !== undefined && { status }),
    ...(parameters.get("stalled") === "true" && { stalled: true }),
  };
}

export function readVideoSearch(search: string): VideoSearch {
  const named = new URLSearchParams(search).get("preview");
  const preview = PREVIEWS.find((each) => each === named);
  return preview === undefined ? {} : { preview };
}

export function readSignInSearch(search: string): SignInSearch {
  const video = new URLSearchParams(search).get("video");
  return video !== null && TWITCH_ID_PATTERN.test(video) ? { video } : {};
}

export function overviewHref(search: OverviewSearch = {}): string {
  return withSearch("/", search);
}

export function videoHref(twitchId: string, search: VideoSearch = {}): string {
  return withSearch(`/videos/${encodeURIComponent(twitchId)}`, search);
}

export function signInHref(video?: string): string {
  return withSearch("/sign-in", { video });
}

function withSearch(path: string, search: Record<string, string | true | undefined>): string {
  const given = Object.entries(search).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
