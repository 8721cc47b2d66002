import { STATUS_FETCHING_CHAT, STATUS_TRANSCRIBING, type VideoStatus } from "@klipstream/contract";
import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { openVodFolder, type VodFolder } from "../vod/vodFolder.ts";
import { VodFolderError } from "../vod/vodFolderError.ts";

/** What shall go wrong while a VOD is worked on. */
export type Mishap =
  | { kind: "stageFailsOnce"; status: VideoStatus }
  /** The backend cannot be reached from the report of this status on, until some updates have had to wait. */
  | { kind: "backendCutOff"; status: VideoStatus };

/** How many updates have to wait before the backend comes back. */
export const UPDATES_IN_OUTAGE = 3;

export type PlannedVod = { name: string; vod: VodFolder; mishap: Mishap | null };

const OWN_VODS = fileURLToPath(new URL("../../vods/", import.meta.url));

/** What happens to the VODs of this repository. */
const MISHAPS: Readonly<Record<string, Mishap>> = {
  "cooking-souffle": { kind: "stageFailsOnce", status: STATUS_TRANSCRIBING },
  "ranked-comeback": { kind: "backendCutOff", status: STATUS_FETCHING_CHAT },
};

/**
 * Opens the VOD folders to work on.
 *
 * @param folders - The user's own; none = those of this repository, with their mishaps.
 * @throws VodFolderError with the first thing that is wrong with one of them.
 */
export async function planVods(folders: readonly string[]): Promise<PlannedVod[]> {
  const isOwn = folders.length === 0;
  const paths = isOwn
    ? (await readdir(OWN_VODS)).sort().map((name) => join(OWN_VODS, name))
    : folders;
  const planned: PlannedVod[] = [];
  for (const path of paths) {
    const vod = await openVodFolder(path);
    const other = planned.find(({ vod: { twitchId } }) => twitchId === vod.twitchId);
    if (other !== undefined)
      throw new VodFolderError(
        "TWITCH_ID_UNKNOWN",
        `${path} and ${other.vod.path} are of the same VOD (${vod.twitchId})`,
      );
    const name = basename(relative(".", path)) || path;
    planned.push({ name, vod, mishap: (isOwn ? MISHAPS[name] : undefined) ?? null });
  }
  return planned;
}
