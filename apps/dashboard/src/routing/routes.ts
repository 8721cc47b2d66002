import { TWITCH_ID_PATTERN, videoStatusSchema } from "@klipstream/contract";
import { z } from "zod";

/** Patterns of the paths, as the router reads them. */
export const PATHS = { overview: "/", video: "/videos/:twitchId", signIn: "/sign-in" } as const;

const flag = z.stringbool().optional().catch(undefined);

/** What the overview shows: the whole of its filter stands in its address. */
const overviewSearchSchema = z.object({
  status: videoStatusSchema.optional().catch(undefined),
  stalled: flag,
});
export type OverviewSearch = z.infer<typeof overviewSearchSchema>;

/** The output that a video page shows; the first that there is where the address names none. */
export const PREVIEWS = ["highlights", "transcript", "chat"] as const;
export type Preview = (typeof PREVIEWS)[number];
const videoSearchSchema = z.object({ preview: z.enum(PREVIEWS).optional().catch(undefined) });
export type VideoSearch = z.infer<typeof videoSearchSchema>;

const signInSearchSchema = z.object({
  /** The video to go to afterwards. */
  video: z.string().regex(TWITCH_ID_PATTERN).optional().catch(undefined),
});

const read = <T>(schema: z.ZodType<T>) => {
  return (search: string): T => schema.parse(Object.fromEntries(new URLSearchParams(search)));
};

/** Reading an address never fails: a part of it that means nothing is left out. */
export const readOverviewSearch = read(overviewSearchSchema);
export const readVideoSearch = read(videoSearchSchema);
export const readSignInSearch = read(signInSearchSchema);

export function overviewHref(search: OverviewSearch = {}): string {
  return withSearch("/", { status: search.status, stalled: search.stalled === true || undefined });
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
