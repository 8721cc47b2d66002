import { backend } from "@klipstream/client";
import { ConvexHttpClient } from "convex/browser";

import type { Contender } from "./contender.ts";

/** `ConvexHttpClient` as its documentation shows it: one client, and each mutation awaited. A caller logs what it throws and goes on. */
export const rawClient: Contender = {
  name: "ConvexHttpClient",
  open: ({ url, token }) => {
    const client = new ConvexHttpClient(url, {
      logger: false,
      ...(token !== null && { auth: token }),
    });
    const { updateStatusByTwitchId, updateUrls } = backend.video;
    return {
      async report({ twitchId, status, urls }) {
        if (status !== undefined)
          await client.mutation(updateStatusByTwitchId, { twitchId, status }).catch(ignoreLost);
        if (urls !== undefined)
          await client.mutation(updateUrls, { twitchId, urls }).catch(ignoreLost);
      },
      settle: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  },
};

/** Nothing of it is left anywhere: what was lost is counted in the backend. */
function ignoreLost(): void {
  return undefined;
}
