import type { Moment } from "../clock.ts";
import { OutboxFullError } from "../errors.ts";
import type { DeadLetter, Entry, NewEntry, Refusal } from "./entry.ts";

/** A lease that is not renewed runs out after this time; a dead process's lanes are free then. */
export const LEASE_MS = 8000;

/** Leases are renewed this often. */
export const LEASE_RENEWAL_MS = 2000;

/** Most entries in one delivery. */
export const BATCH_MAX_COUNT = 50;

/** How much an outbox may hold, dead letters included. */
export type OutboxBounds = { maxEntries: number; maxBytes: number };

export const OUTBOX_BOUNDS: OutboxBounds = { maxEntries: 100_000, maxBytes: 256 * 1024 * 1024 };

export function fullError({ maxEntries, maxBytes }: OutboxBounds): OutboxFullError {
  return new OutboxFullError(
    `the outbox is full (at most ${maxEntries} entries and ${maxBytes} bytes); the backend has not taken updates for long: see \`klipstream outbox status\``,
  );
}

/** The right to send the entries of some lanes. The number is never used twice: it fences off an earlier holder. */
export type Lease = { owner: string; token: number };

export type ClaimRequest = {
  deployment: string;
  owner: string;
  /** On the monotonic clock, in milliseconds. */
  now: number;
  /** The time at which an unreadable entry becomes a dead letter, in milliseconds since 1970. */
  at: number;
  /** Most entries to claim. */
  limit: number;
  /** Claim from this lane only. */
  lane?: string | undefined;
  /** Claim from none of these lanes. */
  except?: ReadonlySet<string> | undefined;
};

/** Entries to be sent together: of one route, and of each lane the first ones. */
export type Claim = { lease: Lease; entries: Entry[] };

/** Where a delivery takes an entry. */
export type Settlement =
  | { seq: number; to: "acknowledged" }
  | { seq: number; to: "deadLettered"; refusal: Refusal; at: number }
  | {
      seq: number;
      to: "pending";
      /** How often its function broke so far. */
      failures?: number;
    };

/** The books of one deployment. accepted = acknowledged + pending + deadLettered. */
export type OutboxStats = {
  accepted: number;
  acknowledged: number;
  /** Leased ones included. */
  pending: number;
  deadLettered: number;
  /** When the oldest pending entry was accepted, in milliseconds since 1970; null when none is pending. */
  oldestAcceptedAt: number | null;
  /** The place of the oldest pending entry in the order of acceptance; null when none is pending. */
  oldestSeq: number | null;
  /** The same of the newest. */
  newestSeq: number | null;
};

/** The books of an outbox that keeps nothing. */
export const NOTHING_HELD: OutboxStats = {
  accepted: 0,
  acknowledged: 0,
  pending: 0,
  deadLettered: 0,
  oldestAcceptedAt: null,
  oldestSeq: null,
  newestSeq: null,
};

/**
 * Where entries are kept. Every method is one transaction: it happens whole or not at all, and survives the death of the
 * process. What `append` and `redrive` did also survives a power cut. A power cut may undo the last of the other transactions;
 * their entries are sent again. The laws that every store obeys are in `storeLaws.test.ts`.
 */
export type OutboxStore = {
  /** Whether other processes may use it at the same time. */
  readonly isShared: boolean;
  /** The identity under which it accepts entries: `source.id` of what `append` returns from now on. */
  readonly sourceId: string;
  /**
   * Accepts an entry at the end of its lane, under the next number of this source.
   *
   * @throws OutboxFullError, OutboxUnwritableError
   */
  append(entry: NewEntry): Entry;
  /**
   * Accepts several entries in one transaction, in their order; one for which there is no more room leaves the others alone.
   *
   * @throws OutboxUnwritableError: none was accepted.
   */
  appendAll(entries: readonly NewEntry[]): (Entry | OutboxFullError)[];
  /** Leases the next entries that may be sent, or null when there are none at this moment. */
  claim(request: ClaimRequest): Claim | null;
  /**
   * Settles claimed entries, and gives their lanes free. Settlements under a lost lease change nothing.
   *
   * @returns How many took effect.
   */
  settle(lease: Lease, settlements: readonly Settlement[]): number;
  /** Extends a lease, if it is not lost. */
  renew(lease: Lease, now: number): void;
  stats(deployment: string): OutboxStats;
  /** The addresses of all deployments that it knows. */
  deployments(): string[];
  /** The pending entries of a deployment, oldest first. */
  pending(deployment: string, limit: number): Entry[];
  /** The pending entries of one lane, in order. */
  pendingOf(deployment: string, twitchId: string): Entry[];
  deadLetters(deployment: string): DeadLetter[];
  /**
   * Puts dead letters back into their lanes, at their old place: later updates of their video stay as they are.
   *
   * @param seqs - Which; all of the deployment when absent.
   * @param options.asNewAt - Instead, they become new updates of this moment at the end of their lanes, and replace what went out before.
   * @returns How many.
   */
  redrive(
    deployment: string,
    seqs?: readonly number[],
    options?: { asNewAt?: Moment | undefined },
  ): number;
  close(): void;
};
