import { RelayManager } from "@klipstream/client";

const TOGETHER = 500;

/** An outbox with updates that wait. */
export type PendingOutbox = {
  /** Of the file; there may be none yet. */
  path: string;
  /** The deployment that the updates are meant for. Nothing is sent to it. */
  url: string;
  count: number;
  twitchIds: readonly string[];
};

/** Fills an outbox with updates that wait, in turn over these videos, each with another URL. @throws Error where one is refused */
export async function fillOutbox({ path, url, count, twitchIds }: PendingOutbox): Promise<void> {
  const manager = new RelayManager(
    { url, logLevel: "silent", outboxPath: path },
    {
      place: { env: {}, cwd: "/nonexistent" },
      fetch: () => Promise.reject(new TypeError("the backend is away while the outbox is filled")),
    },
  );
  try {
    for (let start = 0; start < count; start += TOGETHER) {
      const updates = Array.from({ length: Math.min(TOGETHER, count - start) }, (_, index) => {
        const number = start + index;
        const urls = { chatUrl: `https://files.example/${number}.csv` };
        return manager.updateVideoUrls(twitchIds[number % twitchIds.length]!, urls, { waitMs: 0 });
      });
      const refused = (await Promise.all(updates)).find(({ ok }) => !ok);
      if (refused !== undefined) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
    }
  } finally {
    await manager.close({ timeoutMs: 0 });
  }
}
