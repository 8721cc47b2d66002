import { resolveConfiguration } from "../config/configuration.ts";
import { checkManagerOptions, type ManagerOptions } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import type { EventLog } from "../log/log.ts";
import type { FlushResult } from "../outbox/Outbox.ts";
import { checkTimeout } from "./checkCall.ts";
import { connectToBackend, type ManagerAmbient } from "./connectToBackend.ts";
import { Manager } from "./Manager.ts";
import { startTestMode } from "./testMode.ts";

/** The signals by which a pipeline is asked to end. */
const SHUTDOWN_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * The manager of updates: durable, in order per video, never holding the pipeline up. One per process through `getInstance()`; by
 * `new` for tests and several deployments. Several processes may share an outbox file.
 */
export class ConvexManager extends Manager {
  static #instance: ConvexManager | undefined;

  readonly #log: EventLog;
  #removeHooks: () => void = () => undefined;

  /**
   * @param options - What is given here beats the environment.
   * @throws ConfigurationError that names the option; OutboxUnwritableError, OutboxVersionError or OutboxCorruptError.
   */
  constructor(options?: ManagerOptions);
  /** @param ambient - Replaces the clock, the network, the store; for tests. @internal */
  constructor(options?: ManagerOptions, ambient?: ManagerAmbient);
  constructor(options: ManagerOptions = {}, ambient: ManagerAmbient = {}) {
    checkManagerOptions(options);
    const configuration = resolveConfiguration(options, ambient.place);
    const open = configuration.testMode.value ? startTestMode : connectToBackend;
    const parts = open(configuration, options, ambient);
    super(parts);
    this.#log = parts.log;
  }

  /**
   * This process's manager, configured from the environment; built by the first call, again after `close`.
   *
   * @throws As the constructor; nothing is left behind then, and the next call tries again.
   */
  static getInstance(): ConvexManager {
    ConvexManager.#instance ??= new ConvexManager();
    return ConvexManager.#instance;
  }

  override async close(options?: { timeoutMs?: number }): Promise<FlushResult> {
    checkTimeout(options, 0);
    if (ConvexManager.#instance === this) ConvexManager.#instance = undefined;
    this.#removeHooks();
    return super.close(options);
  }

  /**
   * Closes the manager on SIGTERM and SIGINT, then lets the signal end the process, unless the program listens to it itself.
   *
   * @returns A function that takes the hooks out again.
   */
  installShutdownHooks(): () => void {
    this.#removeHooks();
    const listeners = SHUTDOWN_SIGNALS.map((signal) => {
      const listener = () => {
        const isAlone = process.listenerCount(signal) === 1;
        this.#removeHooks();
        this.#log.write("manager.shutdown", "asked to end", { signal });
        // Nobody listens any more: a second signal ends the process at once.
        void this.close()
          .catch((error: unknown) => this.#log.write("outbox.failed", messageOf(error)))
          .finally(() => {
            if (isAlone) process.kill(process.pid, signal);
          });
      };
      // It runs first, so that a listener of the program that is removed when it runs is still counted.
      process.prependListener(signal, listener);
      return [signal, listener] as const;
    });
    this.#removeHooks = () => {
      for (const [signal, listener] of listeners) process.removeListener(signal, listener);
    };
    return this.#removeHooks;
  }
}
