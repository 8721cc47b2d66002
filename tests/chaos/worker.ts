/** A pipeline's process: a real manager that reports what its parent orders, until it is killed. */
import { ConvexManager, OutboxUnwritableError } from "@klipstream/client";
import { type ManagerAmbient, SqliteStore } from "@klipstream/client/internals";

import type { FromWorker, ToWorker, WorkerPlan } from "./messages.ts";
import { Random } from "./random.ts";
import { standStillAt } from "./standStill.ts";

let manager: ConvexManager;

process.on("message", (message: ToWorker) => {
  if ("start" in message) {
    manager = createManager(message.start);
    tell({ event: "started" });
  } else if ("report" in message) {
    void report(message.report);
  } else {
    void finish();
  }
});
// An orphan would go on reporting.
process.on("disconnect", () => process.exit(1));
tell({ event: "warm" });

async function report({ updateId, twitchId, status, url }: ToWorkerReport): Promise<void> {
  const urls = { chatUrl: url };
  const result = await manager.updatePipelineProgress(
    twitchId,
    status ? { status, urls } : { urls },
    {
      updateId,
      waitMs: 0,
    },
  );
  const code = result.ok ? undefined : result.error.code;
  tell({ event: "reported", updateId, outcome: result.outcome, code });
}

type ToWorkerReport = Extract<ToWorker, { report: unknown }>["report"];

async function finish(): Promise<void> {
  await manager.flush({ timeoutMs: 120_000 });
  const { accepted, acknowledged, pending, deadLettered } = manager.stats();
  const balanced = accepted === acknowledged + pending + deadLettered;
  await manager.close();
  tell({ event: "finished", balanced });
  process.disconnect();
}

function createManager(plan: WorkerPlan): ConvexManager {
  const { url, apiKey, outboxPath } = plan;
  return new ConvexManager(
    {
      url,
      apiKey,
      outboxPath,
      logLevel: "debug",
      attemptTimeoutMs: 600,
      retry: { baseDelayMs: 5, maxDelayMs: 60 },
    },
    {
      onStep: standStillAt(plan.standStillAt),
      place: { env: {}, cwd: "/nonexistent" },
      ...(plan.diskFullShare !== undefined && { store: fillingStore(plan) }),
      ...(plan.clockJumps === true && { clock: jumpingClock(plan.seed) }),
    },
  );
}

/** A store on a disk that is full now and then: each write may fail before it has done anything. */
function fillingStore({ outboxPath, diskFullShare = 0, seed }: WorkerPlan): SqliteStore {
  const random = new Random(seed);
  const failNowAndThen = <Args extends unknown[], Result>(write: (...args: Args) => Result) => {
    return (...args: Args): Result => {
      if (random.chance(diskFullShare))
        throw new OutboxUnwritableError("SQLITE_FULL: database or disk is full");
      return write(...args);
    };
  };
  const store = new SqliteStore(outboxPath);
  store.append = failNowAndThen(store.append.bind(store));
  store.claim = failNowAndThen(store.claim.bind(store));
  store.settle = failNowAndThen(store.settle.bind(store));
  store.renew = failNowAndThen(store.renew.bind(store));
  return store;
}

function jumpingClock(seed: number): NonNullable<ManagerAmbient["clock"]> {
  const random = new Random(seed);
  let offset = 0;
  return {
    now: () => {
      if (random.chance(0.05)) offset = random.between(-3_600_000, 3_600_000);
      return Date.now() + offset;
    },
    // One clock for all processes of this boot, as the real one: leases are measured with it.
    monotonic: () => Number(process.hrtime.bigint()) / 1e6,
    origin: "this boot",
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
