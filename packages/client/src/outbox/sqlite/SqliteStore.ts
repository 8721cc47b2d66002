import type Database from "libsql";

import type { Moment } from "../../clock.ts";
import { OutboxFullError } from "../../errors.ts";
import { Batch } from "../batch.ts";
import { type DeadLetter, type Entry, type NewEntry, renewed, writeContent } from "../entry.ts";
import { describeFull } from "../memoryStore.ts";
import { isOwnerDead } from "../owner.ts";
import {
  type Claim,
  type ClaimRequest,
  type Lease,
  LEASE_MS,
  OUTBOX_BOUNDS,
  type OutboxBounds,
  type OutboxStats,
  type OutboxStore,
  type Settlement,
} from "../store.ts";
import { openOutboxFile, toOutboxError } from "./openFile.ts";
import { damagedRefusal, type EntryRow, readDeadLetter, readEntry } from "./rows.ts";
import { prepareStatements, type Statements } from "./statements.ts";

/** An outbox in a SQLite file, shared by any number of processes of one machine. */
export class SqliteStore implements OutboxStore {
  readonly isShared = true;
  readonly path: string;
  readonly sourceId: string;
  /** Where a damaged file was put that stood in this one's place; null when there was none. */
  readonly setAside: string | null;
  readonly #database: Database.Database;
  readonly #statements: Statements;
  readonly #bounds: OutboxBounds;
  #synchronous: "FULL" | "NORMAL" = "FULL";

  /** @throws OutboxUnwritableError, OutboxVersionError, OutboxCorruptError */
  constructor(path: string, bounds: OutboxBounds = OUTBOX_BOUNDS) {
    const { database, setAside, sourceId } = openOutboxFile(path);
    this.path = path;
    this.sourceId = sourceId;
    this.setAside = setAside;
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#bounds = bounds;
  }

  append(entry: NewEntry): Entry {
    return this.#durably((statements) => {
      const [held] = statements.held.all() as { entries: number; bytes: number }[];
      const { maxEntries, maxBytes } = this.#bounds;
      const bytes = writeContent(entry.content).length;
      if (held !== undefined)
        if (held.entries >= maxEntries || held.bytes + bytes > maxBytes)
          throw new OutboxFullError(describeFull(this.#bounds));
      const accepted = this.#enter(entry);
      statements.countAccepted.run(entry.deployment);
      return accepted;
    });
  }

  claim(request: ClaimRequest): Claim | null {
    // Looking needs no write lock; most looks find nothing.
    if (!this.#read(() => this.#mayClaim(request))) return null;
    return this.#lightly((statements) => {
      for (const owner of this.#deadOwners(request.owner)) statements.freeOwner.run(owner);
      const batch = new Batch(request.limit);
      const lanes: string[] = [];
      for (const twitchId of this.#freeLanes(request)) {
        if (batch.room <= 0) break;
        const head = this.#readHead(request, { twitchId, count: batch.room });
        if (batch.take(head)) lanes.push(twitchId);
        else if (head.length === 0) this.#leaveLane({ ...request, twitch_id: twitchId }, false);
      }
      if (lanes.length === 0) return null;
      const [{ token }] = statements.nextToken.all() as [{ token: number }];
      const expiresAt = request.now + LEASE_MS;
      for (const twitchId of lanes)
        statements.lease.run(request.owner, token, expiresAt, request.deployment, twitchId);
      return { lease: { owner: request.owner, token }, entries: batch.entries };
    });
  }

  settle(
    lease: Lease,
    settlements: readonly Settlement[],
    options: { keepLease: boolean } = { keepLease: false },
  ): number {
    return this.#lightly((statements) => {
      const others = settlements.filter(({ to }) => to !== "acknowledged");
      let count = this.#acknowledge(lease, settlements);
      for (const settlement of others) count += this.#move(lease, settlement);
      for (const lane of statements.leasedLanes.all(lease.owner, lease.token) as LaneRow[])
        this.#leaveLane(lane, options.keepLease);
      return count;
    });
  }

  renew({ owner, token }: Lease, now: number): void {
    this.#lightly((statements) => statements.renew.run(now + LEASE_MS, owner, token));
  }

  stats(deployment: string): OutboxStats {
    // One statement: read as of one moment, whatever other processes do.
    const [row] = this.#read(({ stats }) => stats.all({ deployment })) as [OutboxStats];
    return row;
  }

  deployments(): string[] {
    const rows = this.#read(({ deployments }) => deployments.all()) as { deployment: string }[];
    return rows.map(({ deployment }) => deployment);
  }

  pending(deployment: string, limit: number): Entry[] {
    const rows = this.#read(({ pending }) => pending.all(deployment, limit)) as EntryRow[];
    return rows.flatMap((row) => readEntry(row) ?? []);
  }

  deadLetters(deployment: string): DeadLetter[] {
    const rows = this.#read(({ deadLetters }) => deadLetters.all(deployment)) as EntryRow[];
    return rows.flatMap((row) => readDeadLetter(row) ?? []);
  }

  redrive(
    deployment: string,
    seqs?: readonly number[],
    { asNewAt }: { asNewAt?: Moment | undefined } = {},
  ): number {
    return this.#durably((statements) => {
      const chosen = this.deadLetters(deployment).filter(
        ({ seq }) => seqs === undefined || seqs.includes(seq),
      );
      for (const letter of chosen) {
        if (asNewAt === undefined) {
          statements.redrive.run(letter.seq);
          statements.enterLane.run(deployment, letter.twitchId, letter.seq);
        } else {
          statements.remove.run(letter.seq);
          this.#enter(renewed(letter, asNewAt));
        }
      }
      return chosen.length;
    });
  }

  close(): void {
    if (!this.#database.open) return;
    try {
      // Leaves most in one file, without waiting for other processes.
      this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // A full disk, for example: it stays in the companion file, as safe as before.
    }
    this.#database.close();
  }

  /** Puts an entry at the end of its lane. */
  #enter(entry: NewEntry): Entry {
    const { insert, enterLane } = this.#statements;
    const { deployment, twitchId, content, acceptedAt, acceptedUptime: uptime } = entry;
    const row = insert.run(
      ...[deployment, twitchId, writeContent(content), acceptedAt],
      ...[uptime?.origin ?? null, uptime?.ms ?? null, this.sourceId],
    );
    const seq = Number(row.lastInsertRowid);
    enterLane.run(deployment, twitchId, seq);
    return { ...entry, seq, source: { id: this.sourceId, sequence: seq }, failures: 0 };
  }

  #mayClaim(request: ClaimRequest): boolean {
    return (
      this.#freeLanes({ ...request, limit: 1 }).length > 0 ||
      this.#deadOwners(request.owner).length > 0
    );
  }

  #freeLanes({ deployment, now, limit, lane = null, except = new Set() }: Wanted): string[] {
    const request = { deployment, now, limit, lane, except: JSON.stringify([...except]) };
    const rows = this.#statements.freeLanes.all(request) as LaneRow[];
    return rows.map((row) => row.twitch_id);
  }

  #deadOwners(self: string): string[] {
    const rows = this.#statements.owners.all() as { lease_owner: string }[];
    const others = rows.map((row) => row.lease_owner).filter((owner) => owner !== self);
    return others.filter(isOwnerDead);
  }

  /** The first entries of a lane. A damaged one becomes a dead letter on the way: it could never be sent. */
  #readHead(
    { deployment, now }: ClaimRequest,
    { twitchId, count }: { twitchId: string; count: number },
  ): Entry[] {
    const { head, bury } = this.#statements;
    const entries: Entry[] = [];
    for (const row of head.all(deployment, twitchId, count) as EntryRow[]) {
      const entry = readEntry(row);
      if (entry === null) bury.run(now, JSON.stringify(damagedRefusal), row.seq);
      else entries.push(entry);
    }
    return entries;
  }

  #acknowledge({ owner, token }: Lease, settlements: readonly Settlement[]): number {
    const counts = new Map<string, number>();
    for (const { seq, to } of settlements) {
      if (to !== "acknowledged") continue;
      const rows = this.#statements.acknowledge.all(seq, owner, token) as { deployment: string }[];
      for (const { deployment } of rows) counts.set(deployment, (counts.get(deployment) ?? 0) + 1);
    }
    for (const [deployment, count] of counts)
      this.#statements.countAcknowledged.run(count, deployment);
    return [...counts.values()].reduce((sum, count) => sum + count, 0);
  }

  #move({ owner, token }: Lease, settlement: Settlement): number {
    const { bury, hold, holdLane, leasedEntry } = this.#statements;
    const { seq } = settlement;
    const [row] = leasedEntry.all(seq, owner, token) as EntryRow[];
    if (row === undefined) return 0;
    if (settlement.to === "deadLettered") {
      bury.run(settlement.at, JSON.stringify(settlement.refusal), seq);
    } else if (settlement.to === "pending" && settlement.held !== undefined) {
      hold.run(settlement.held.failures, seq);
      holdLane.run(settlement.held.until, row.deployment, row.twitch_id);
    }
    return 1;
  }

  #leaveLane({ deployment, twitch_id }: LaneRow, keepLease: boolean): void {
    const { moveHead, removeEmptyLane, freeLane } = this.#statements;
    moveHead.run(deployment, twitch_id);
    if (keepLease) return;
    removeEmptyLane.run(deployment, twitch_id);
    freeLane.run(deployment, twitch_id);
  }

  #read<T>(work: (statements: Statements) => T): T {
    try {
      return work(this.#statements);
    } catch (error) {
      throw toOutboxError(error, this.path);
    }
  }

  /** A transaction that also survives a power cut: for what a caller was told is safe. */
  #durably<T>(work: (statements: Statements) => T): T {
    this.#setSynchronous("FULL");
    return this.#transaction(work);
  }

  /** Without waiting for the disk: what a power cut undoes is only sent again, and the backend knows its ids. */
  #lightly<T>(work: (statements: Statements) => T): T {
    this.#setSynchronous("NORMAL");
    return this.#transaction(work);
  }

  #setSynchronous(mode: "FULL" | "NORMAL"): void {
    if (this.#synchronous === mode) return;
    this.#read(() => this.#database.exec(`PRAGMA synchronous = ${mode}`));
    this.#synchronous = mode;
  }

  #transaction<T>(work: (statements: Statements) => T): T {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const result = work(this.#statements);
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw toOutboxError(error, this.path);
    }
  }
}

type Wanted = Omit<ClaimRequest, "lane"> & { lane?: string | null | undefined };
type LaneRow = { deployment: string; twitch_id: string };
