import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ConvexManager } from "@klipstream/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Backend, readEvents, startBackend } from "./chaos/backend.ts";

const FIXTURES = join(import.meta.dirname, "../packages/client/src/outbox/sqlite/fixtures");

type Sqlite = new (path: string) => { exec(sql: string): void; close(): void };
const ofClient = createRequire(fileURLToPath(import.meta.resolve("@klipstream/client")));
const Database = (ofClient("@photostructure/sqlite") as { DatabaseSync: Sqlite }).DatabaseSync;

let backend: Backend;
let folder: string;

beforeAll(async () => {
  backend = await startBackend();
  folder = mkdtempSync(join(tmpdir(), "klipstream-old-outbox-"));
});
afterAll(async () => {
  await backend.deployment.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("entries that an earlier version of the client has left", () => {
  it.each(readdirSync(FIXTURES))(
    "%s are delivered to today's backend, each once and in order",
    async (fixture) => {
      const { url } = backend.deployment;
      // Each fixture has the same entries: its videos and updates get names of their own.
      const version = fixture.replace(/\D/g, "");
      const sql = readFileSync(join(FIXTURES, fixture), "utf8")
        .replaceAll("@DEPLOYMENT@", url)
        .replaceAll("70000", `7${version}000`)
        .replaceAll("fixture-", `fixture-${version}-`);
      const outboxPath = join(folder, `${fixture}.db`);
      const file = new Database(outboxPath);
      file.exec(sql);
      file.close();
      const [first, second, fourth] = ["1", "2", "4"].map((video) => `7${version}000${video}`);
      for (const twitchId of [first!, second!]) await backend.direct.createVideo(twitchId);

      const manager = new ConvexManager(
        { url, apiKey: backend.apiKey, outboxPath, logLevel: "silent" },
        { place: { env: {}, cwd: folder } },
      );
      expect(await manager.flush()).toEqual({ delivered: true, pending: 0 });
      expect(manager.stats()).toMatchObject({ accepted: 9, acknowledged: 8, deadLettered: 1 });
      await manager.close();

      const ids = (await readEvents(backend.direct, first!)).map(({ updateId }) => updateId);
      expect(ids.slice(1)).toEqual([1, 2, 4].map((entry) => `fixture-${version}-${entry}`));
      expect(await backend.direct.getVideo(second!)).toMatchObject({
        chatUrl: "gs://bucket/chat.csv",
      });
      expect(await backend.direct.getVideo(fourth!)).toMatchObject({ status: "Queued" });
    },
  );
});
