import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { createTestManager } from "../testing/createTestManager.ts";
import { settle } from "../testing/VirtualClock.ts";
import { OutboxInspector } from "./OutboxInspector.ts";
import { SqliteStore } from "./sqlite/SqliteStore.ts";

it("an inspector sees what waits and why, while a pipeline is at work, and puts dead letters back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-inspector-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const outboxPath = join(folder, "outbox.db");
  const { manager, backend, clock, url, close } = createTestManager(
    { waitMs: 0 },
    { store: new SqliteStore(outboxPath) },
  );
  backend.unknown.add("2");
  await manager.updateVideoStatus("2", "Downloading");
  await settle();
  backend.onRequest = () => "refuse";
  await manager.updateVideoStatus("1", "Downloading");
  await settle();

  const inspector = new OutboxInspector({ outboxPath });
  expect(inspector.path).toBe(outboxPath);
  expect(inspector.stats()).toMatchObject([
    { deployment: url, accepted: 2, acknowledged: 0, pending: 1, deadLettered: 1 },
  ]);
  expect(inspector.pending(url)).toMatchObject([{ twitchId: "1" }]);
  expect(inspector.deadLetters(url)).toMatchObject([
    { twitchId: "2", refusal: { code: "VIDEO_NOT_FOUND" } },
  ]);
  expect([...inspector.export()].map(({ state, twitchId }) => [state, twitchId])).toEqual([
    ["pending", "1"],
    ["deadLettered", "2"],
  ]);
  expect(inspector.redrive(url)).toBe(1);
  inspector.close();

  backend.unknown.clear();
  backend.onRequest = () => undefined;
  await clock.advance(5000);
  expect(manager.stats()).toMatchObject({ accepted: 2, acknowledged: 2, deadLettered: 0 });
  await close();
});
