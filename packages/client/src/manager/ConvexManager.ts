import { resolveConfiguration } from "../config/configuration.ts";
import { checkManagerOptions, type ManagerOptions } from "../config/options.ts";
import { checkTimeout } from "./checkUpdate.ts";
import { LiveCore, type ManagerAmbient } from "./LiveCore.ts";
import { ManagerBase } from "./ManagerBase.ts";
import type { ManagerCore } from "./ManagerCore.ts";
import type { FlushResult } from "./results.ts";
import { onShutdown } from "./shutdownHooks.ts";
import { createSimulatedCore } from "./simulatedCore.ts";

/**
 * The manager of updates: durable, in order per video, never holding the pipeline up. One per process through `getInstance()`; by
 * `new` for tests and several deployments. Several processes may share an outbox file.
 */
export class ConvexManager extends ManagerBase {
  static #instance: ConvexManager | undefined;

  readonly #core: ManagerCore;
  #closing: Promise<FlushResult> | undefined;
  #removeHooks: () => void = () => undefined;

  /**
   * @param options - What is given here beats the environment.
   * @param ambient - Replaces the clock, the network, the store; for tests.
   * @throws ConfigurationError that names the option; OutboxUnwritableError, OutboxVersionError or OutboxCorruptError.
   */
  constructor(options: ManagerOptions = {}, ambient: ManagerAmbient = {}) {
    checkManagerOptions(options);
    const configuration = resolveConfiguration(options, ambient.place);
    const core = configuration.testMode.value
      ? createSimulatedCore(configuration, options, ambient)
      : new LiveCore(configuration, options, ambient);
    super(core);
    this.#core = core;
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
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  /**
   * Closes the manager on SIGTERM and SIGINT, then lets the signal end the process, unless the program listens to it itself.
   *
   * @returns A function that takes the hooks out again.
   */
  installShutdownHooks(): () => void {
    this.#removeHooks();
    this.#removeHooks = onShutdown((signal) => {
      this.#core.log.write("manager.shutdown", "asked to end", { signal });
      return this.close();
    });
    return this.#removeHooks;
  }

  #close(options?: { timeoutMs?: number }): Promise<FlushResult> {
    if (ConvexManager.#instance === this) ConvexManager.#instance = undefined;
    this.#removeHooks();
    return super.close(options);
  }
}
