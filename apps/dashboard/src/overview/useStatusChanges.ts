import type { VideoStatus } from "@klipstream/contract";
import { useEffect, useRef, useState } from "react";

import type { PublicVideo } from "../backend/api.ts";

/** What has changed its status since the list was last drawn, in sentences. */
export function useStatusChanges(videos: readonly PublicVideo[]): readonly string[] {
  const known = useRef(new Map<string, VideoStatus>());
  const [changes, setChanges] = useState<readonly string[]>([]);
  useEffect(() => {
    const found = videos.flatMap(({ _id, title, twitchId, status }) => {
      const before = known.current.get(_id);
      known.current.set(_id, status);
      return before === undefined || before === status ? [] : [`${title ?? twitchId}: ${status}`];
    });
    if (found.length > 0) setChanges(found);
  }, [videos]);
  return changes;
}
