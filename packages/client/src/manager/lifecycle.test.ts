import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import * as client from "../index.ts";
import { useTestManagers } from "../testing/createTestManager.ts";
import { settle } from "../testing/VirtualClock.ts";
import { ConvexManager } from "./ConvexManager.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-lifecycle-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("getInstance", () => {
  it("builds one manager per process, and a new one after close", async () => {
    vi.stubEnv("CONVEX_URL", "http://127.0.0.1:1");
    vi.stubEnv("CONVEX_API_KEY", "");
    vi.stubEnv("LOG_LEVEL", "silent");
    vi.stubEnv("CONVEX_OUTBOX_PATH", join(folder, "outbox.db"));
    const first = ConvexManager.getInstance();
    expect(ConvexManager.getInstance()).toBe(first);
    await first.close();
    const second = ConvexManager.getInstance();
    expect(second).not.toBe(first);
    await second.close();
  });

  it("leaves nothing behind when it fails, and succeeds once its reason is mended", async () => {
    vi.stubEnv("CONVEX_URL", "http://pipeline.example");
    vi.stubEnv("CONVEX_API_KEY", "");
    vi.stubEnv("LOG_LEVEL", "silent");
    vi.stubEnv("CONVEX_OUTBOX_PATH", join(folder, "outbox.db"));
    expect(() => ConvexManager.getInstance()).toThrow(/^CONVEX_URL: must use https/);
    expect(readdirSync(folder)).toEqual([]);
    vi.stubEnv("CONVEX_URL", "http://127.0.0.1:1");
    await ConvexManager.getInstance().close();
  });
});

describe("test mode", () => {
  const lines: string[] = [];
  const write = (fields: object, message: string) =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const logger = { debug: write, info: write, warn: write, error: write };

  it("checks, logs, makes no request and no file, and needs no deployment", async () => {
    const outboxPath = join(folder, "state", "outbox.db");
    const manager = new ConvexManager(
      { outboxPath, logger },
      {
        fetch: () => Promise.reject(new Error("a request was made")),
        place: { env: { CONVEX_TEST_MODE: "1" }, cwd: folder },
      },
    );
    expect(await manager.updateVideoStatus("1", "Downloading")).toMatchObject({
      ok: true,
      outcome: "simulated",
    });
    expect(await manager.updateVideoStatus("1", "banana" as "Queued")).toMatchObject({
      outcome: "rejected",
    });
    expect(await manager.checkVideoExists("1")).toBe(true);
    manager.reportProgress("1", 5);
    expect(await manager.runStage("1", "Transcribing", () => 42)).toBe(42);
    expect(await manager.close()).toEqual({ delivered: true, pending: 0 });
    expect(existsSync(outboxPath)).toBe(false);
    expect(lines.filter((line) => line.includes("update.simulated"))).toHaveLength(4);
  });
});

describe("a stage", () => {
  const setUp = useTestManagers();

  it("has a heartbeat every 30 s while its work runs, and none after", async () => {
    const { manager, backend, clock } = setUp();
    let end: () => void = () => undefined;
    const running = manager.runStage("1", "Transcribing", (stage) => {
      stage.progress(10, "loading");
      return new Promise<void>((resolve) => (end = resolve));
    });
    await clock.advance(65_000);
    end();
    await running;
    await clock.advance(120_000);
    const beats = backend.requests.filter(({ path }) => path === "video:reportProgress");
    expect(beats.map(({ args }) => args.percent)).toEqual([10, 10, 10]);
  });

  it.each(["superseded", "unchanged"])(
    "whose status was %s is not rolled back: that would undo another's",
    async (outcome) => {
      const { manager, backend } = setUp({ waitMs: 1000 });
      const value = { success: true, outcome, videoId: "v1", twitchId: "1", status: "Completed" };
      backend.onRequest = ({ path }) =>
        path === "video:updateStatusByTwitchId"
          ? { status: 200, body: JSON.stringify({ status: "success", value }) }
          : undefined;
      const stage = manager.runStage("1", "Transcribing", () => Promise.reject(new Error("no")));
      await expect(stage).rejects.toThrow("no");
      expect(backend.requests.map(({ path }) => path)).toEqual(["video:updateStatusByTwitchId"]);
    },
  );

  it.each(["applied", "queued"])(
    "whose status was %s is rolled back by that update's id",
    async (outcome) => {
      const { manager, backend, clock } = setUp({ waitMs: 1000 });
      let isAway = outcome === "queued";
      backend.onRequest = () => (isAway ? "refuse" : undefined);
      const stage = manager.runStage("1", "Transcribing", ({ begun }) => {
        expect(begun.outcome).toBe(outcome);
        throw new Error("no audio");
      });
      await expect(stage).rejects.toThrow("no audio");
      isAway = false;
      await clock.advance(60_000);
      const { updateId } = backend.applied[0]!;
      const rollback = backend.requests.find(({ path }) => path === "video:rollbackStatus");
      expect(rollback?.args).toMatchObject({ undoes: updateId, reason: "no audio" });
    },
  );

  it("that gives up because its status was refused reports nothing more", async () => {
    const { manager, backend } = setUp({ waitMs: 1000 });
    backend.unknown.add("1");
    for (const onFailure of ["rollBack", "markFailed"] as const) {
      const stage = manager.runStage(
        "1",
        "Transcribing",
        ({ begun }) => {
          if (!begun.ok) throw begun.error;
        },
        { onFailure },
      );
      await expect(stage).rejects.toThrow("no such video");
    }
    expect(backend.requests).toHaveLength(2);
  });
});

describe("a run", () => {
  const setUp = useTestManagers();

  it("marks every update of it, and is newer than the one before", async () => {
    const { manager, backend } = setUp();
    const first = manager.startRun("1");
    const second = manager.startRun("1");
    expect(second.run.startedAt).toBeGreaterThan(first.run.startedAt);
    await second.updateVideoStatus("Downloading");
    await second.updateVideoUrls({ chatUrl: "gs://b/c" });
    await second.rollbackStatus();
    second.reportProgress(5);
    await settle();
    for (const { args } of backend.requests)
      for (const update of (args.updates as object[] | undefined) ?? [args])
        expect(update).toMatchObject({ run: { id: second.run.id, ageMs: 0 } });
    expect(backend.requests.length).toBeGreaterThan(1);
  });

  it("is as old as the monotonic clock says, however the wall clock jumps", async () => {
    const { manager, backend, clock } = setUp();
    const run = manager.startRun("1");
    clock.jump(86_400_000);
    await clock.advance(5000);
    await run.updateVideoStatus("Downloading");
    await settle();
    run.reportProgress(5);
    await settle();
    const ages = backend.requests.map(({ args }) => (args.run as { ageMs: number }).ageMs);
    expect(ages).toEqual([5000, 5000]);
  });

  it("of another process is as old as the wall clock says", async () => {
    const { manager, backend, clock } = setUp();
    const run = { id: "r1", startedAt: clock.now() - 60_000 };
    await manager.startRun("1", run).updateVideoStatus("Downloading");
    await settle();
    expect(backend.requests[0]?.args.run).toEqual({ id: "r1", ageMs: 60_000 });
  });

  it("can be continued by another process", () => {
    const { manager } = setUp();
    const { run } = manager.startRun("1");
    expect(manager.startRun("1", run).run).toEqual(run);
  });
});

describe("installShutdownHooks", () => {
  /** Runs a program that has a manager with hooks, sends it a SIGTERM, and says how it ended. */
  async function endBySigterm(before: string) {
    const program = `
      import { ConvexManager } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
      const manager = new ConvexManager({ waitMs: 0 });
      ${before}
      manager.installShutdownHooks();
      process.stdout.write("ready");
      const alive = setInterval(() => undefined, 1000);`;
    const run = ["--import", "tsx", "--input-type=module", "--eval", program];
    const child = spawn(process.execPath, run, {
      cwd: import.meta.dirname,
      env: {
        ...process.env,
        CONVEX_URL: "http://127.0.0.1:1",
        CONVEX_OUTBOX_PATH: join(folder, "outbox.db"),
        LOG_LEVEL: "info",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    const [exitCode, signal] = (await once(child, "close")) as [number | null, string | null];
    return { exitCode, signal, log };
  }

  it("closes the manager on SIGTERM, then lets the signal end the process", async () => {
    const { signal, log } = await endBySigterm("");
    expect(signal).toBe("SIGTERM");
    expect(log).toContain('"event":"manager.shutdown"');
    expect(log).toContain('"event":"manager.closed"');
    expect(log).toContain('"severity":"INFO"');
  });

  it.each(["on", "once"])(
    "leaves the end to a program that listens by process.%s, also from before",
    async (listen) => {
      const { exitCode, signal, log } = await endBySigterm(`
        process.${listen}("SIGTERM", () => {
          setTimeout(() => process.stderr.write("cleaned up"), 300);
          setTimeout(() => process.exit(7), 320);
        });`);
      expect({ exitCode, signal }).toEqual({ exitCode: 7, signal: null });
      expect(log).toContain('"event":"manager.closed"');
      expect(log).toContain("cleaned up");
    },
  );

  it("leaves a program that has more to do alive where the outbox fails", async () => {
    const { exitCode, log } = await endBySigterm(`
      manager.close = () => Promise.reject(new Error("the disk is gone"));
      process.on("SIGTERM", () => setTimeout(() => process.exit(7), 300));`);
    expect(exitCode).toBe(7);
    expect(log).toContain("the disk is gone");
    expect(log).toContain('"event":"outbox.failed"');
  });
});

describe("the package", () => {
  it("exports these names, and no others", () => {
    expect(Object.keys(client).sort()).toMatchInlineSnapshot(`
      [
        "BackendUnavailableError",
        "CONFIGURATION_FILES",
        "ConfigurationError",
        "ConvexApiClient",
        "ConvexIntegration",
        "ConvexManager",
        "CredentialsRefusedError",
        "DEFAULT_OPTIONS",
        "ENVIRONMENT_VARIABLES",
        "InvalidInputError",
        "KlipstreamError",
        "ManagerClosedError",
        "OutboxCorruptError",
        "OutboxFullError",
        "OutboxInspector",
        "OutboxUnwritableError",
        "OutboxVersionError",
        "RelayManager",
        "RequestRefusedError",
        "ServerError",
        "TokenUnavailableError",
        "UpdateRefusedError",
        "VideoNotFoundError",
        "backend",
        "githubActions",
        "googleIdentity",
        "resolveConfiguration",
        "workloadIdentity",
      ]
    `);
  });
});
