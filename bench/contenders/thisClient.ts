import { join } from "node:path";

import { ConvexManager } from "@klipstream/client";

import type { Contender } from "./contender.ts";

/** The manager with its defaults: a status and URLs of one moment are one update. */
export const thisClient: Contender = {
  name: "@klipstream/client",
  open: ({ url, token, folder }) => {
    const outboxPath = join(folder, "outbox.db");
    const manager = new ConvexManager(
      { url, apiKey: token ?? undefined, logLevel: "silent", outboxPath },
      { place: { env: {}, cwd: folder } },
    );
    return {
      async report({ twitchId, ...progress }) {
        await manager.updatePipelineProgress(twitchId, progress);
      },
      async settle(timeoutMs) {
        await manager.flush({ timeoutMs });
      },
      async close() {
        await manager.close({ timeoutMs: 0 });
      },
    };
  },
};
