import { createInterface } from "node:readline";

import { SqliteStore } from "@klipstream/client/internals";

import { DEPLOYMENT, NOW } from "./damagedFiles.ts";

/** The child: opens each outbox file whose path it is told, uses it, and says what is in it. */

export type Opened = {
  path: string;
  /** The ids of all updates that are pending or dead letters and can be read. */
  updateIds: string[];
  /** How many are shown as damaged. */
  unreadable: number;
  /** What was thrown, by its class. */
  error?: string;
  /** What was told to be wrong. */
  notices: string[];
};

function open(path: string): Opened {
  const notices: string[] = [];
  try {
    const store = new SqliteStore(path, undefined, ({ message }) => notices.push(message));
    const held = [...store.pending(DEPLOYMENT, -1), ...store.deadLetters(DEPLOYMENT)];
    const updateIds = held.flatMap(({ content }) => {
      if (content === null) return [];
      const { updateId } = content.kind === "update" ? content.update : content.rollback;
      return [updateId];
    });
    const unreadable = held.length - updateIds.length;
    use(store);
    store.close();
    return { path, updateIds, unreadable, notices };
  } catch (error) {
    const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { path, updateIds: [], unreadable: 0, error: name, notices };
  }
}

/** Accepts one update and delivers all. */
function use(store: SqliteStore): void {
  store.append({
    deployment: DEPLOYMENT,
    twitchId: "1",
    acceptedAt: NOW,
    acceptedUptime: null,
    content: {
      kind: "update",
      update: { twitchId: "1", updateId: "new", status: "Queued", ageMs: 0 },
      createMissing: false,
    },
  });
  // Damage that shows in the middle of it costs a lease, once.
  for (let lost = 0; ;) {
    const claim = store.claim({
      deployment: DEPLOYMENT,
      owner: "other",
      now: NOW + 60_000,
      at: NOW + 60_000,
      limit: 100,
    });
    if (claim === null) break;
    const settled = claim.entries.map(({ seq }) => ({ seq, to: "acknowledged" as const }));
    if (store.settle(claim.lease, settled) === 0) lost += 1;
    if (lost > 1) throw new Error("nothing can be settled");
  }
  const { accepted, acknowledged, pending, deadLettered } = store.stats(DEPLOYMENT);
  if (pending !== 0) throw new Error(`${pending} entries stay pending for good`);
  if (accepted !== acknowledged + deadLettered) throw new Error("the books do not balance");
}

for await (const path of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(open(path))}\n`);
