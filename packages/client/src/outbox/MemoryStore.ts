import { randomUUID } from "node:crypto";

import type { Moment } from "../clock.ts";
import { OutboxFullError } from "../errors.ts";
import { Batch } from "./Batch.ts";
import type { DeadLetter, Entry, NewEntry } from "./entry.ts";
import { renewed, updateIdOf, writeContent } from "./entry.ts";
import {
  type Claim,
  type ClaimRequest,
  fullError,
  type Lease,
  LEASE_MS,
  OUTBOX_BOUNDS,
  type OutboxBounds,
  type OutboxStats,
  type OutboxStore,
  type Settlement,
} from "./store.ts";

type Lane = {
  entries: Entry[];
  lease: (Lease & { expiresAt: number }) | undefined;
};

type Books = {
  accepted: number;
  acknowledged: number;
  lanes: Map<string, Lane>;
  deadLetters: Map<number, Entry & DeadLetter>;
};

/** An outbox that lives as long as its process: for tests, and for machines without a disk worth writing to. */
export class MemoryStore implements OutboxStore {
  readonly isShared = false;
  readonly sourceId = randomUUID();
  readonly #bounds: OutboxBounds;
  readonly #books = new Map<string, Books>();
  #lastSeq = 0;
  #lastToken = 0;
  #held = { entries: 0, bytes: 0 };

  constructor(bounds: OutboxBounds = OUTBOX_BOUNDS) {
    this.#bounds = bounds;
  }

  append(entry: NewEntry): Entry {
    const bytes = sizeOf(entry);
    const { maxEntries, maxBytes } = this.#bounds;
    if (this.#held.entries >= maxEntries || this.#held.bytes + bytes > maxBytes)
      throw fullError(this.#bounds);
    const books = this.#booksOf(entry.deployment);
    const accepted = this.#enter(books, entry);
    books.accepted += 1;
    this.#held = { entries: this.#held.entries + 1, bytes: this.#held.bytes + bytes };
    return accepted;
  }

  appendAll(entries: readonly NewEntry[]): (Entry | OutboxFullError)[] {
    return entries.map((entry) => {
      try {
        return this.append(entry);
      } catch (error) {
        if (error instanceof OutboxFullError) return error;
        throw error;
      }
    });
  }

  claim({ deployment, owner, now, limit, lane: only, except }: ClaimRequest): Claim | null {
    const batch = new Batch(limit);
    this.#lastToken += 1;
    const lease: Lease = { owner, token: this.#lastToken };
    const free = [...this.#booksOf(deployment).lanes.values()]
      .filter((lane) => lane.entries.length > 0 && isFree(lane, now))
      .filter(({ entries: [head] }) => only === undefined || head?.twitchId === only)
      .filter(({ entries: [head] }) => head !== undefined && except?.has(head.twitchId) !== true)
      .sort((one, other) => (one.entries[0]?.seq ?? 0) - (other.entries[0]?.seq ?? 0));
    for (const lane of free) {
      if (batch.room <= 0) break;
      if (batch.take(lane.entries)) lane.lease = { ...lease, expiresAt: now + LEASE_MS };
    }
    return batch.entries.length === 0 ? null : { lease, entries: batch.entries };
  }

  settle(lease: Lease, settlements: readonly Settlement[]): number {
    let count = 0;
    for (const books of this.#books.values())
      for (const lane of books.lanes.values()) {
        if (lane.lease?.owner !== lease.owner || lane.lease.token !== lease.token) continue;
        // Dead letters come first: an acknowledged entry may have overtaken one of them.
        const isLast = ({ to }: Settlement) => to === "acknowledged";
        const ordered = [...settlements].sort((one, other) => +isLast(one) - +isLast(other));
        for (const settlement of ordered) count += this.#move(books, lane, settlement);
        lane.lease = undefined;
      }
    return count;
  }

  renew({ owner, token }: Lease, now: number): void {
    for (const { lanes } of this.#books.values())
      for (const { lease } of lanes.values())
        if (lease?.owner === owner && lease.token === token) lease.expiresAt = now + LEASE_MS;
  }

  stats(deployment: string): OutboxStats {
    const { accepted, acknowledged, deadLetters } = this.#booksOf(deployment);
    const pending = this.pending(deployment, Infinity);
    return {
      accepted,
      acknowledged,
      pending: pending.length,
      deadLettered: deadLetters.size,
      oldestAcceptedAt: pending[0]?.acceptedAt ?? null,
      oldestSeq: pending[0]?.seq ?? null,
      newestSeq: pending.at(-1)?.seq ?? null,
    };
  }

  deployments(): string[] {
    return [...this.#books.keys()];
  }

  pending(deployment: string, limit: number): Entry[] {
    const lanes = [...this.#booksOf(deployment).lanes.values()];
    const entries = lanes.flatMap((lane) => lane.entries);
    return entries.sort((one, other) => one.seq - other.seq).slice(0, limit);
  }

  pendingOf(deployment: string, twitchId: string): Entry[] {
    return [...(this.#booksOf(deployment).lanes.get(twitchId)?.entries ?? [])];
  }

  deadLetters(deployment: string): (Entry & DeadLetter)[] {
    const letters = [...this.#booksOf(deployment).deadLetters.values()];
    return letters.sort((one, other) => one.seq - other.seq);
  }

  redrive(
    deployment: string,
    seqs?: readonly number[],
    { asNewAt }: { asNewAt?: Moment | undefined } = {},
  ): number {
    const books = this.#booksOf(deployment);
    const chosen = this.deadLetters(deployment).filter(
      ({ seq }) => seqs === undefined || seqs.includes(seq),
    );
    for (const letter of chosen) {
      const { refusal: _refusal, refusedAt: _refusedAt, isOvertaken: _is, ...entry } = letter;
      books.deadLetters.delete(entry.seq);
      if (asNewAt === undefined) returnToLane(books, { ...entry, failures: 0 });
      else this.#enter(books, renewed(entry, asNewAt));
    }
    return chosen.length;
  }

  close(): void {
    this.#books.clear();
  }

  #enter(books: Books, entry: NewEntry): Entry {
    this.#lastSeq += 1;
    const source = { id: this.sourceId, sequence: this.#lastSeq };
    const accepted: Entry = { ...entry, seq: this.#lastSeq, source, failures: 0 };
    laneOf(books, entry.twitchId).entries.push(accepted);
    return accepted;
  }

  #move(books: Books, lane: Lane, settlement: Settlement): number {
    const index = lane.entries.findIndex(({ seq }) => seq === settlement.seq);
    const entry = lane.entries[index];
    if (entry === undefined) return 0;
    if (settlement.to === "pending") {
      lane.entries[index] = { ...entry, failures: settlement.failures ?? entry.failures };
      return 1;
    }
    lane.entries.splice(index, 1);
    if (settlement.to === "acknowledged") {
      books.acknowledged += 1;
      this.#held.entries -= 1;
      this.#held.bytes -= sizeOf(entry);
      for (const [seq, letter] of books.deadLetters)
        if (letter.twitchId === entry.twitchId && seq < entry.seq)
          books.deadLetters.set(seq, { ...letter, isOvertaken: true });
    } else {
      const { refusal, at } = settlement;
      books.deadLetters.set(entry.seq, { ...entry, refusal, refusedAt: at, isOvertaken: false });
    }
    if (lane.entries.length === 0) books.lanes.delete(entry.twitchId);
    return 1;
  }

  #booksOf(deployment: string): Books {
    let books = this.#books.get(deployment);
    if (books === undefined) {
      books = { accepted: 0, acknowledged: 0, lanes: new Map(), deadLetters: new Map() };
      this.#books.set(deployment, books);
    }
    return books;
  }
}

function sizeOf({ content }: Pick<Entry, "content">): number {
  return writeContent(content).length + updateIdOf(content).length;
}

function isFree({ lease }: Lane, now: number): boolean {
  return lease === undefined || lease.expiresAt <= now || lease.expiresAt > now + LEASE_MS;
}

function returnToLane(books: Books, entry: Entry): void {
  const lane = laneOf(books, entry.twitchId);
  lane.entries.push(entry);
  lane.entries.sort((one, other) => one.seq - other.seq);
}

function laneOf(books: Books, twitchId: string): Lane {
  let lane = books.lanes.get(twitchId);
  if (lane === undefined) {
    lane = { entries: [], lease: undefined };
    books.lanes.set(twitchId, lane);
  }
  return lane;
}
