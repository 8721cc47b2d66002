import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { MemoryStore } from "./MemoryStore.ts";
import { SqliteStore } from "./sqlite/SqliteStore.ts";
import type { OutboxStore } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "klipstream-claim-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const deployment = "https://test.example";

describe.each<[string, () => OutboxStore]>([
  ["in memory", () => new MemoryStore()],
  ["in a file", () => new SqliteStore(join(folder, "outbox.db"))],
])("a store %s", (_name, open) => {
  it("claims from one lane alone, and from all but some, where it is asked to", () => {
    const store = open();
    for (const [index, twitchId] of ["1", "2", "3", "1"].entries())
      store.append({
        deployment,
        twitchId,
        content: {
          kind: "update",
          update: { twitchId, status: "Queued", updateId: `u${index}`, ageMs: 0 },
          createMissing: false,
        },
        acceptedAt: 0,
        acceptedUptime: null,
      });
    const claim = (choice: { lane?: string; except?: ReadonlySet<string> }) => {
      const claimed = store.claim({
        deployment,
        owner: "me",
        now: 1000,
        at: 1000,
        limit: 50,
        ...choice,
      });
      if (claimed !== null) store.settle(claimed.lease, []);
      return claimed?.entries.map(({ twitchId }) => twitchId) ?? null;
    };
    expect(claim({})).toHaveLength(4);
    expect(claim({ lane: "1" })).toEqual(["1", "1"]);
    expect(claim({ except: new Set(["1", "3"]) })).toEqual(["2"]);
    expect(claim({ lane: "4" })).toBeNull();
    expect(claim({ except: new Set(["1", "2", "3"]) })).toBeNull();
    store.close();
  });
});
