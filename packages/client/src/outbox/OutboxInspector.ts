import { momentOf, systemClock } from "../clock.ts";
import { type ConfigurationPlace, resolveConfiguration } from "../config/configuration.ts";
import type { DeadLetter, Entry } from "./entry.ts";
import { SqliteStore } from "./sqlite/SqliteStore.ts";
import type { OutboxStats } from "./store.ts";

/** The books of one deployment, with its address. */
export type DeploymentStats = OutboxStats & { deployment: string };

/** An entry or dead letter, as `export` hands it out. */
export type ExportedEntry =
  ({ state: "pending" } & Entry) | ({ state: "deadLettered" } & DeadLetter);

/**
 * Looks into an outbox file, also while pipelines use it, and puts dead letters back. It sends nothing: a redriven entry is sent by the next
 * manager on this file.
 */
export class OutboxInspector {
  readonly #store: SqliteStore;

  /**
   * @param options.outboxPath - The file. Default: as for `ConvexManager`.
   * @throws ConfigurationError, OutboxUnwritableError, OutboxVersionError, OutboxCorruptError
   */
  constructor(options: { outboxPath?: string } = {}, place: ConfigurationPlace = {}) {
    this.#store = new SqliteStore(resolveConfiguration(options, place).outboxPath.value);
  }

  get path(): string {
    return this.#store.path;
  }

  /** The books of every deployment that the file has entries for, or had. */
  stats(): DeploymentStats[] {
    return this.#store
      .deployments()
      .map((deployment) => ({ deployment, ...this.#store.stats(deployment) }));
  }

  /**
   * The pending entries of a deployment, oldest first.
   *
   * @param options.limit - Most entries. Default: 100.
   */
  pending(deployment: string, options: { limit?: number } = {}): Entry[] {
    return this.#store.pending(deployment, options.limit ?? 100);
  }

  /** The dead letters of a deployment, oldest first, each with its reason. */
  deadLetters(deployment: string): DeadLetter[] {
    return this.#store.deadLetters(deployment);
  }

  /**
   * Puts dead letters back into their lanes, at their old place: they cannot undo later updates of their video.
   *
   * @param seqs - Which; all when absent.
   * @param options.asNew - Makes new updates of them instead, which happen now, after all that went before.
   * @returns How many were put back. One that is damaged cannot be.
   */
  redrive(deployment: string, seqs?: readonly number[], options: { asNew?: boolean } = {}): number {
    const asNewAt = options.asNew === true ? momentOf(systemClock) : undefined;
    return this.#store.redrive(deployment, seqs, { asNewAt });
  }

  /** Everything that the file holds, deployment by deployment. Contains no credential. */
  *export(): Generator<ExportedEntry> {
    for (const deployment of this.#store.deployments()) {
      for (const entry of this.#store.pending(deployment, -1)) yield { state: "pending", ...entry };
      for (const letter of this.#store.deadLetters(deployment))
        yield { state: "deadLettered", ...letter };
    }
  }

  close(): void {
    this.#store.close();
  }
}
