import type { Moment } from "../../clock.ts";
import { OutboxFullError } from "../../errors.ts";
import { type DeadLetter, type Entry, type NewEntry, renewed, writeContent } from "../entry.ts";
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
} from "../store.ts";
import { claimLanes, mayClaim, settleLanes } from "./lanes.ts";
import type { OutboxNotice } from "./openFile.ts";
import { OutboxFile } from "./OutboxFile.ts";
import { digestOf, type EntryRow, readDeadLetter, readEntry } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Most entries in one delivery while the disk is full: to settle them needs little room, too. */
const SCARCE_MAX_COUNT = 8;

/** An outbox in a SQLite file, shared by any number of processes of one machine. */
export class SqliteStore implements OutboxStore {
  readonly isShared = true;
  readonly path: string;
  readonly #file: OutboxFile;
  readonly #bounds: OutboxBounds;
  readonly #onNotice: (notice: OutboxNotice) => void;

  /**
   * @param onNotice - Told what was wrong with the file.
   * @throws OutboxUnwritableError, OutboxVersionError, OutboxCorruptError
   */
  constructor(
    path: string,
    bounds: OutboxBounds = OUTBOX_BOUNDS,
    onNotice: (notice: OutboxNotice) => void = () => undefined,
  ) {
    this.path = path;
    this.#file = new OutboxFile(path, onNotice);
    this.#onNotice = onNotice;
    this.#bounds = bounds;
  }

  get sourceId(): string {
    return this.#file.sourceId;
  }

  append(entry: NewEntry): Entry {
    const [accepted] = this.appendAll([entry]);
    if (accepted instanceof OutboxFullError) throw accepted;
    return accepted as Entry;
  }

  appendAll(entries: readonly NewEntry[]): (Entry | OutboxFullError)[] {
    return this.#file.accept(
      (statements) => this.#acceptAll(statements, entries),
      (accepted) => this.#findAll(accepted),
    );
  }

  claim(request: ClaimRequest): Claim | null {
    // Looking needs no write lock; most looks find nothing.
    if (!this.#file.read((statements) => mayClaim(statements, request))) return null;
    const limit = this.#file.hasRoom ? request.limit : Math.min(request.limit, SCARCE_MAX_COUNT);
    const unreadable: number[] = [];
    const claim = this.#file.deliver((statements) => {
      unreadable.length = 0;
      return claimLanes(statements, { ...request, limit }, (seq) => unreadable.push(seq));
    });
    for (const seq of unreadable) this.#onNotice(unreadableNotice(seq));
    return claim;
  }

  settle(lease: Lease, settlements: readonly Settlement[]): number {
    return this.#file.deliver((statements) => settleLanes(statements, lease, settlements));
  }

  renew({ owner, token }: Lease, now: number): void {
    this.#file.deliver(({ renew }) => renew.run(now + LEASE_MS, owner, token));
  }

  stats(deployment: string): OutboxStats {
    // One statement: read as of one moment, whatever other processes do.
    return this.#file.read(({ stats }) => (stats.all({ deployment }) as [OutboxStats])[0]);
  }

  deployments(): string[] {
    return this.#file.read(({ deployments }) =>
      (deployments.all() as { deployment: string }[]).map(({ deployment }) => deployment),
    );
  }

  pending(deployment: string, limit: number): Entry[] {
    return this.#file.read(({ pending }) =>
      (pending.all(deployment, limit) as EntryRow[]).flatMap((row) => readEntry(row) ?? []),
    );
  }

  pendingOf(deployment: string, twitchId: string): Entry[] {
    return this.#file.read(({ head }) =>
      (head.all(deployment, twitchId, -1) as EntryRow[]).flatMap((row) => readEntry(row) ?? []),
    );
  }

  deadLetters(deployment: string): DeadLetter[] {
    return this.#file.read((statements) => readDeadLetters(statements, deployment));
  }

  redrive(
    deployment: string,
    seqs?: readonly number[],
    { asNewAt }: { asNewAt?: Moment | undefined } = {},
  ): number {
    return this.#file.accept(
      (statements) => {
        const letters = readDeadLetters(statements, deployment).filter(({ seq }) =>
          seqs === undefined ? true : seqs.includes(seq),
        );
        const entries = letters.flatMap((letter) => asEntry(letter) ?? []);
        for (const entry of entries) this.#redrive(statements, entry, asNewAt);
        return entries.length;
      },
      (count) => count,
    );
  }

  close(): void {
    this.#file.close();
  }

  #redrive(statements: Statements, entry: Entry, asNewAt: Moment | undefined): void {
    if (asNewAt === undefined) {
      statements.redrive.run(entry.seq);
      statements.enterLane.run(entry.deployment, entry.twitchId, entry.seq);
    } else {
      statements.remove.run(entry.seq);
      this.#enter(statements, renewed(entry, asNewAt));
    }
  }

  /** What is held, and the books, are read and written once for all: a relay accepts many together. */
  #acceptAll(statements: Statements, entries: readonly NewEntry[]): (Entry | OutboxFullError)[] {
    const { maxEntries, maxBytes } = this.#bounds;
    const [held] = statements.held.all() as [{ entries: number; bytes: number }];
    const accepted = new Map<string, number>();
    const results = entries.map((entry) => {
      const text = writeContent(entry.content);
      if (held.entries >= maxEntries || held.bytes + text.length > maxBytes)
        return fullError(this.#bounds);
      held.entries += 1;
      held.bytes += text.length;
      accepted.set(entry.deployment, (accepted.get(entry.deployment) ?? 0) + 1);
      return this.#enter(statements, entry, text);
    });
    for (const [deployment, count] of accepted) statements.countAccepted.run({ deployment, count });
    return results;
  }

  /** Puts an entry at the end of its lane. */
  #enter(
    { insert, enterLane }: Statements,
    entry: NewEntry,
    text = writeContent(entry.content),
  ): Entry {
    const { deployment, twitchId, acceptedAt, acceptedUptime: uptime } = entry;
    const { lastInsertRowid } = insert.run(
      ...[deployment, twitchId, text, digestOf(text), acceptedAt],
      ...[uptime?.origin ?? null, uptime?.ms ?? null, this.sourceId],
    );
    const seq = Number(lastInsertRowid);
    enterLane.run(deployment, twitchId, seq);
    return { ...entry, seq, source: { id: this.sourceId, sequence: seq }, failures: 0 };
  }

  /** Null where one of them was not carried over: all are accepted again, and the backend knows their ids. */
  #findAll(accepted: readonly (Entry | OutboxFullError)[]): (Entry | OutboxFullError)[] | null {
    const found = accepted.map((one) => (one instanceof Error ? one : this.#find(one.source)));
    return found.every((one) => one !== null) ? found : null;
  }

  #find({ id, sequence }: Entry["source"]): Entry | null {
    return this.#file.read(({ bySource }) => {
      const [row] = bySource.all(id, sequence) as EntryRow[];
      return row === undefined ? null : readEntry(row);
    });
  }
}

function unreadableNotice(seq: number): OutboxNotice {
  const message = `entry ${seq} is damaged in the outbox file and cannot be sent; it is a dead letter`;
  return { event: "outbox.corrupt", message, count: 1 };
}

function readDeadLetters({ deadLetters }: Statements, deployment: string): DeadLetter[] {
  return (deadLetters.all(deployment) as EntryRow[]).map(readDeadLetter);
}

/** Null when it cannot be sent, since its content is damaged. */
function asEntry(letter: DeadLetter): Entry | null {
  const { content, refusal: _refusal, refusedAt: _refusedAt, isOvertaken: _is, ...entry } = letter;
  return content === null ? null : { ...entry, content };
}
