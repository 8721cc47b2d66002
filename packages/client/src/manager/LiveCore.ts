import { type ClientAmbient, connectWith } from "../api/connection.ts";
import { ConvexApiClient } from "../api/ConvexApiClient.ts";
import type { Credentials } from "../auth/credentials.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Configuration } from "../config/configuration.ts";
import { DEFAULT_OPTIONS, type ManagerOptions } from "../config/options.ts";
import { BackendUnavailableError } from "../errors.ts";
import { ConvexIntegration, type Video } from "../integration/ConvexIntegration.ts";
import type { EventLog } from "../log/log.ts";
import type { DeliveryStep, EntryAnswer } from "../outbox/delivery.ts";
import { Dispatcher } from "../outbox/Dispatcher.ts";
import type { Entry, NewEntry } from "../outbox/entry.ts";
import { GroupCommit } from "../outbox/GroupCommit.ts";
import { SqliteStore } from "../outbox/sqlite/SqliteStore.ts";
import { OUTBOX_BOUNDS, type OutboxStats, type OutboxStore } from "../outbox/store.ts";
import type { CheckedUpdate } from "./checkUpdate.ts";
import { deliverThrough, isBackendWorking } from "./deliver.ts";
import type { ManagerCore } from "./ManagerCore.ts";
import { type ProgressReport, ProgressReporter } from "./ProgressReporter.ts";
import type { FlushResult, UpdateResult } from "./results.ts";
import { UpdateDesk } from "./UpdateDesk.ts";

/** What surrounds a manager and is not its caller's business; replaced in tests and simulations. */
export type ManagerAmbient = ClientAmbient & {
  store?: OutboxStore;
  /** Called at each step of an entry's life, before it goes on. */
  onStep?: (step: DeliveryStep) => void;
};

/** How a core serves many callers; a manager for one pipeline needs none of it. */
export type Sharing = {
  /** Updates that arrive together share one wait for the disk, and are on disk when they are answered, not when the call returns. */
  groupCommit: boolean;
  /** Told of each answer to an entry that this process has sent. */
  onAnswer: (entry: Entry, answer: EntryAnswer) => void;
};

/** How often `flush` looks whether it is done. */
const FLUSH_LOOK_MS = 25;

/** The core that delivers: outbox, dispatcher, API client. */
export class LiveCore implements ManagerCore {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly deployment: string;
  readonly store: OutboxStore;
  readonly dispatcher: Dispatcher;
  readonly credentials: Credentials;
  readonly #options: ManagerOptions;
  readonly #integration: ConvexIntegration;
  readonly #desk: UpdateDesk;
  readonly #progress: ProgressReporter;

  /** @throws ConfigurationError, OutboxUnwritableError, OutboxVersionError, OutboxCorruptError */
  constructor(
    configuration: Configuration,
    options: ManagerOptions,
    { sharing, ...ambient }: ManagerAmbient & { sharing?: Sharing },
  ) {
    const connection = connectWith(configuration, options, ambient);
    const { clock, log, random, url: deployment } = connection;
    const api = new ConvexApiClient(connection);
    const onStep = ambient.onStep ?? (() => undefined);
    const store = ambient.store ?? openStore(configuration.outboxPath.value, log);
    const group = sharing?.groupCommit === true ? new GroupCommit(store) : store;
    const append = (entry: NewEntry) => group.append(entry);
    const desk = new UpdateDesk({ deployment, append, clock, log, onStep });
    const dispatcher = new Dispatcher({
      deployment,
      store,
      deliver: deliverThrough(api, clock),
      isWorking: () => isBackendWorking(api),
      policy: connection.retry,
      clock,
      random,
      log,
      onStep,
      onAnswer: (entry, answer) => {
        sharing?.onAnswer(entry, answer);
        desk.answered(entry, answer);
      },
      onBlocked: (lane) => desk.blocked(lane),
    });
    const isBlocked = (lane: string) => dispatcher.isBlocked(lane);
    this.clock = clock;
    this.log = log;
    this.deployment = deployment;
    this.store = store;
    this.dispatcher = dispatcher;
    this.credentials = connection.credentials;
    this.#options = options;
    this.#integration = new ConvexIntegration(api);
    this.#desk = desk;
    this.#progress = new ProgressReporter(api, { clock, log, isBlocked });
    // What an earlier process left.
    dispatcher.wake();
  }

  defaults(): { waitMs: number; createMissing: boolean } {
    return {
      waitMs: this.#options.waitMs ?? DEFAULT_OPTIONS.waitMs,
      createMissing: this.#options.createMissing ?? DEFAULT_OPTIONS.createMissing,
    };
  }

  take(identity: Identity, checked: CheckedUpdate): Promise<UpdateResult> {
    return this.#desk.take(identity, checked, this.dispatcher);
  }

  async getVideo(twitchId: string): Promise<Video | null> {
    try {
      return await this.#integration.getVideo(twitchId);
    } catch (error) {
      if (error instanceof BackendUnavailableError) throw error;
      // Callers that must know ask this: whatever kept the answer away, they cannot know.
      const why = error instanceof Error ? error.message : String(error);
      throw new BackendUnavailableError("status", `cannot know whether the video exists: ${why}`, {
        cause: error,
      });
    }
  }

  reportProgress(report: ProgressReport): void {
    this.#progress.report(report);
  }

  stats(): OutboxStats {
    return this.store.stats(this.deployment);
  }

  async flush(timeoutMs: number): Promise<FlushResult> {
    const deadline = this.clock.monotonic() + timeoutMs;
    const { newestSeq } = this.stats();
    this.dispatcher.hurry();
    for (;;) {
      const { oldestSeq, pending } = this.stats();
      const delivered = oldestSeq === null || newestSeq === null || oldestSeq > newestSeq;
      const leftMs = deadline - this.clock.monotonic();
      if (delivered || leftMs <= 0) return { delivered, pending };
      await sleep(this.clock, Math.min(FLUSH_LOOK_MS, leftMs));
    }
  }

  async close(timeoutMs: number): Promise<FlushResult> {
    const deadline = this.clock.monotonic() + timeoutMs;
    this.#desk.close();
    this.#progress.close();
    const result = await this.flush(timeoutMs);
    await this.dispatcher.close(Math.max(0, deadline - this.clock.monotonic()));
    this.store.close();
    this.log.write("manager.closed", "closed", { pending: result.pending });
    return result;
  }
}

type Identity = { twitchId: string; updateId: string };

function openStore(path: string, log: EventLog): OutboxStore {
  const store = new SqliteStore(path, OUTBOX_BOUNDS, ({ event, message, ...fields }) =>
    log.write(event, message, fields),
  );
  log.write("outbox.opened", "outbox opened", { path });
  return store;
}
