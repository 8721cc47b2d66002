import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ConfigurationError, InvalidInputError, OutboxUnwritableError } from "../errors.ts";
import { FakeBackend } from "../testing/FakeBackend.ts";
import { RelayManager } from "./RelayManager.ts";

let folder: string;
let manager: RelayManager;
const open = () =>
  new RelayManager(
    { url: "https://test.example", outboxPath: join(folder, "outbox.db"), logLevel: "silent" },
    { fetch: new FakeBackend().fetch, place: { env: {}, cwd: folder } },
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-relay-manager-"));
  manager = open();
});
afterEach(async () => {
  await manager.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a relay's manager", () => {
  it("is the only one on its outbox until it is closed", async () => {
    expect(open).toThrow(ConfigurationError);
    await manager.close();
    manager = open();
  });

  it("stays open where it is to close within a time that is none", async () => {
    await expect(manager.close({ timeoutMs: -1 })).rejects.toThrow(InvalidInputError);
    expect(await manager.updateVideoStatus("1", "Downloading")).toMatchObject({ ok: true });
    expect(open).toThrow(ConfigurationError);
  });

  it("leaves its outbox to the next one where it cannot be built", async () => {
    await manager.close();
    const name = readdirSync(folder).find((it) => it.includes(".videos-"))!;
    rmSync(join(folder, name));
    mkdirSync(join(folder, name));
    expect(open).toThrow(OutboxUnwritableError);
    rmSync(join(folder, name), { recursive: true });
    manager = open();
  });

  it("keeps and delivers an update that was given just before its close", async () => {
    const update = manager.updateVideoStatus("1", "Downloading");
    const closed = manager.close();
    expect(await update).toMatchObject({ ok: true });
    expect(await closed).toEqual({ delivered: true, pending: 0 });
  });

  it("gives the second call of close what the first one got", async () => {
    const first = manager.close();
    expect(await manager.close()).toBe(await first);
  });
});
