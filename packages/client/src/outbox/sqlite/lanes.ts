import { Batch } from "../Batch.ts";
import type { Entry } from "../entry.ts";
import { isOwnerDead } from "../owner.ts";
import { type Claim, type ClaimRequest, type Lease, LEASE_MS, type Settlement } from "../store.ts";
import { damagedRefusal, type EntryRow, readEntry } from "./rows.ts";
import type { Statements } from "./statements.ts";

type LaneRow = { deployment: string; twitch_id: string };

/** Whether a claim would find anything. */
export function mayClaim(statements: Statements, request: ClaimRequest): boolean {
  return (
    freeLanes(statements, { ...request, limit: 1 }).length > 0 ||
    deadOwners(statements, request.owner).length > 0
  );
}

/**
 * See `OutboxStore.claim`.
 *
 * @param onUnreadable - Told the number of each entry that cannot be read; it is a dead letter then.
 */
export function claimLanes(
  statements: Statements,
  request: ClaimRequest,
  onUnreadable: (seq: number) => void,
): Claim | null {
  const { deployment, owner, now, at, limit } = request;
  for (const dead of deadOwners(statements, owner)) statements.freeOwner.run(dead);
  const batch = new Batch(limit);
  const lanes: string[] = [];
  for (const lane of freeLanes(statements, request)) {
    if (batch.room <= 0) break;
    const head = readHead(statements, lane, { at, count: batch.room, onUnreadable });
    if (batch.take(head)) lanes.push(lane.twitch_id);
    else if (head.length === 0) leaveLane(statements, lane);
  }
  if (lanes.length === 0) return null;
  const [{ token }] = statements.nextToken.all() as [{ token: number }];
  for (const twitchId of lanes)
    statements.lease.run(owner, token, now + LEASE_MS, deployment, twitchId);
  return { lease: { owner, token }, entries: batch.entries };
}

/** See `OutboxStore.settle`. */
export function settleLanes(
  statements: Statements,
  lease: Lease,
  settlements: readonly Settlement[],
): number {
  let count = 0;
  for (const settlement of settlements)
    if (settlement.to !== "acknowledged") count += move(statements, lease, settlement);
  // After the dead letters, which they may have overtaken.
  count += acknowledge(statements, lease, settlements);
  for (const lane of statements.leasedLanes.all(lease.owner, lease.token) as LaneRow[])
    leaveLane(statements, lane);
  return count;
}

function freeLanes(
  statements: Statements,
  { deployment, now, limit, lane, except = new Set() }: ClaimRequest,
): LaneRow[] {
  const wanted = {
    deployment,
    now,
    limit,
    lane: lane ?? null,
    except: JSON.stringify([...except]),
  };
  return statements.freeLanes.all(wanted) as LaneRow[];
}

function deadOwners(statements: Statements, self: string): string[] {
  const rows = statements.owners.all() as { lease_owner: string }[];
  const others = rows.map((row) => row.lease_owner).filter((owner) => owner !== self);
  return others.filter(isOwnerDead);
}

/** The first entries of a lane. A damaged one becomes a dead letter on the way: it could never be sent. */
function readHead(
  statements: Statements,
  { deployment, twitch_id }: LaneRow,
  options: { at: number; count: number; onUnreadable: (seq: number) => void },
): Entry[] {
  const entries: Entry[] = [];
  for (const row of statements.head.all(deployment, twitch_id, options.count) as EntryRow[]) {
    const entry = readEntry(row);
    if (entry !== null) {
      entries.push(entry);
      continue;
    }
    statements.bury.run(options.at, JSON.stringify(damagedRefusal), row.seq);
    options.onUnreadable(row.seq);
  }
  return entries;
}

function acknowledge(
  statements: Statements,
  { owner, token }: Lease,
  settlements: readonly Settlement[],
): number {
  const counts = new Map<string, number>();
  for (const { seq, to } of settlements) {
    if (to !== "acknowledged") continue;
    for (const lane of statements.acknowledge.all(seq, owner, token) as LaneRow[]) {
      statements.overtake.run(lane.deployment, lane.twitch_id, seq);
      counts.set(lane.deployment, (counts.get(lane.deployment) ?? 0) + 1);
    }
  }
  for (const [deployment, count] of counts) statements.countAcknowledged.run(count, deployment);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function move(statements: Statements, { owner, token }: Lease, settlement: Settlement): number {
  const { seq } = settlement;
  const [row] = statements.leasedEntry.all(seq, owner, token) as EntryRow[];
  if (row === undefined) return 0;
  if (settlement.to === "deadLettered") {
    statements.bury.run(settlement.at, JSON.stringify(settlement.refusal), seq);
  } else if (settlement.to === "pending" && settlement.failures !== undefined) {
    statements.countFailures.run(settlement.failures, seq);
  }
  return 1;
}

function leaveLane(statements: Statements, { deployment, twitch_id }: LaneRow): void {
  statements.moveHead.run(deployment, twitch_id);
  statements.removeEmptyLane.run(deployment, twitch_id);
  statements.freeLane.run(deployment, twitch_id);
}
