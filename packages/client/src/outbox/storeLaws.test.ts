import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { OutboxFullError } from "../errors.ts";
import { bury, entry, HERE, NOW, storeMakers, THERE } from "../testing/stores.ts";
import { ENTRY_MOVES, type EntryState } from "./entry.ts";
import { LEASE_MS, OUTBOX_BOUNDS, type OutboxStore, type Settlement } from "./store.ts";

describe.each(storeMakers)("a store in %s", (_name, make) => {
  let folder: string;
  let store: OutboxStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "klipstream-store-"));
    store = make(folder, OUTBOX_BOUNDS.maxEntries);
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const claim = (owner = "me", options: { now?: number; limit?: number } = {}) =>
    store.claim({ deployment: HERE, owner, now: NOW, at: NOW, limit: 50, ...options });
  const acknowledge = (seq: number): Settlement => ({ seq, to: "acknowledged" });
  const append = (...args: Parameters<typeof entry>) => store.append(entry(...args)).seq;

  it("hands out entries in the order of acceptance", () => {
    const seqs = [append("1"), append("1"), append("1")];
    expect(claim()?.entries.map(({ seq }) => seq)).toEqual(seqs);
  });

  it("hands out nothing of a lane that is leased", () => {
    append("1");
    claim();
    append("1");
    expect(claim("other")).toBeNull();
    append("2");
    expect(claim("other")?.entries.map(({ twitchId }) => twitchId)).toEqual(["2"]);
  });

  it("never hands out an entry while one ahead of it stays behind", () => {
    const first = append("1", { createMissing: true });
    append("1");
    append("1", { createMissing: true });
    append("2");
    // The head decides the route; the second of lane 1 has another, and the third must not overtake it.
    expect(claim()?.entries.map(({ seq }) => seq)).toEqual([first]);
    expect(claim()?.entries.map(({ twitchId }) => twitchId)).toEqual(["2"]);
  });

  it("hands out a rollback alone", () => {
    append("1", { rollback: true });
    append("1");
    append("2", { rollback: true });
    expect(claim()?.entries).toHaveLength(1);
    expect(claim()?.entries).toHaveLength(1);
    expect(claim()).toBeNull();
  });

  it("hands out as many entries as asked for, of a lane only its first", () => {
    const seqs = [append("1"), append("1"), append("1")];
    expect(claim("me", { limit: 2 })?.entries.map(({ seq }) => seq)).toEqual(seqs.slice(0, 2));
    expect(claim()).toBeNull();
  });

  it("keeps what is meant for one deployment from another", () => {
    append("1", { deployment: THERE });
    expect(claim()).toBeNull();
    expect(store.stats(THERE).pending).toBe(1);
    expect(store.stats(HERE).pending).toBe(0);
  });

  it("deletes an acknowledged entry and counts it", () => {
    const seq = append("1");
    const { lease } = claim()!;
    expect(store.settle(lease, [acknowledge(seq)])).toBe(1);
    expect(store.stats(HERE)).toMatchObject({ accepted: 1, acknowledged: 1, pending: 0 });
    expect(store.pending(HERE, 10)).toEqual([]);
  });

  it("hands out what was not settled again when its lease is given back", () => {
    const seqs = [append("1"), append("1")];
    const { lease } = claim()!;
    store.settle(lease, [acknowledge(seqs[0]!)]);
    expect(claim("other")?.entries.map(({ seq }) => seq)).toEqual([seqs[1]]);
  });

  it("hands out a lane whose lease has run out", () => {
    const seq = append("1");
    claim();
    expect(claim("other", { now: NOW + LEASE_MS - 1 })).toBeNull();
    expect(claim("other", { now: NOW + LEASE_MS })?.entries[0]?.seq).toBe(seq);
  });

  it("does not let a lease run out that is renewed", () => {
    append("1");
    const { lease } = claim()!;
    store.renew(lease, NOW + 5000);
    expect(claim("other", { now: NOW + LEASE_MS + 1 })).toBeNull();
  });

  it("counts a lease as over that ends later than any could: the clock has jumped back", () => {
    append("1");
    claim();
    expect(claim("other", { now: NOW - 3_600_000 })).not.toBeNull();
  });

  it("ignores a settlement under a lost lease", () => {
    const seq = append("1");
    const late = claim()!;
    const current = claim("other", { now: NOW + LEASE_MS })!;
    expect(store.settle(late.lease, [acknowledge(seq)])).toBe(0);
    expect(store.stats(HERE)).toMatchObject({ acknowledged: 0, pending: 1 });
    expect(claim("third", { now: NOW + LEASE_MS })).toBeNull();
    expect(store.settle(current.lease, [acknowledge(seq)])).toBe(1);
    expect(store.stats(HERE)).toMatchObject({ accepted: 1, acknowledged: 1, pending: 0 });
  });

  it("accepts several at once in their order, and refuses those for which there is no room", () => {
    const small = make(join(folder, "small"), 2);
    const results = small.appendAll(["1", "2", "1"].map((twitchId) => entry(twitchId)));
    expect(results.map((one) => (one instanceof Error ? "full" : one.seq))).toEqual([1, 2, "full"]);
    expect(small.stats(HERE)).toMatchObject({ accepted: 2, pending: 2 });
    expect(small.pendingOf(HERE, "1").map(({ seq }) => seq)).toEqual([1]);
    small.close();
  });

  it("books each of several that are accepted at once to its own deployment", () => {
    store.appendAll([entry("1"), entry("1", { deployment: THERE }), entry("2")]);
    expect(store.stats(HERE)).toMatchObject({
      accepted: 2,
      pending: 2,
      oldestSeq: 1,
      newestSeq: 3,
    });
    expect(store.stats(THERE)).toMatchObject({
      accepted: 1,
      pending: 1,
      oldestSeq: 2,
      newestSeq: 2,
    });
  });

  it("lists what is pending of one video, in order, leased or not", () => {
    const seqs = [append("1"), append("1")];
    append("2");
    claim();
    expect(store.pendingOf(HERE, "1").map(({ seq }) => seq)).toEqual(seqs);
    expect(store.pendingOf(HERE, "3")).toEqual([]);
  });

  it("keeps count of how often an entry's function broke", () => {
    const seq = append("1");
    const { lease } = claim()!;
    store.settle(lease, [{ seq, to: "pending", failures: 1 }]);
    expect(claim()?.entries[0]).toMatchObject({ seq, failures: 1 });
  });

  it("keeps a dead letter with its reason, and lets its lane go on", () => {
    const [first, second] = [append("1"), append("1")];
    const { lease } = claim()!;
    store.settle(lease, [bury(first)]);
    expect(store.deadLetters(HERE)).toMatchObject([
      { seq: first, refusal: { code: "VIDEO_NOT_FOUND" }, refusedAt: NOW },
    ]);
    expect(claim()?.entries.map(({ seq }) => seq)).toEqual([second]);
  });

  it("puts a redriven dead letter back at its old place", () => {
    const [first, second] = [append("1"), append("1")];
    store.settle(claim()!.lease, [bury(first)]);
    expect(store.redrive(HERE)).toBe(1);
    expect(store.deadLetters(HERE)).toEqual([]);
    expect(claim()?.entries.map(({ seq }) => seq)).toEqual([first, second]);
  });

  it("redrives only what it is asked to", () => {
    const [first, second] = [append("1"), append("2")];
    store.settle(claim()!.lease, [bury(first), bury(second)]);
    expect(store.redrive(HERE, [second])).toBe(1);
    expect(store.deadLetters(HERE).map(({ seq }) => seq)).toEqual([first]);
    expect(store.redrive(HERE, [12345])).toBe(0);
  });

  it("refuses what is more than it may hold, and takes again when there is room", () => {
    const small = make(mkdtempSync(join(folder, "small-")), 2);
    small.append(entry("1"));
    small.append(entry("2"));
    expect(() => small.append(entry("3"))).toThrow(OutboxFullError);
    expect(small.stats(HERE)).toMatchObject({ accepted: 2, pending: 2 });
    const request = { deployment: HERE, owner: "me", now: NOW, at: NOW, limit: 1 };
    const { lease, entries } = small.claim(request)!;
    small.settle(lease, [acknowledge(entries[0]!.seq)]);
    small.append(entry("3"));
    small.close();
  });

  it("says which pending entries are the oldest and the newest", () => {
    expect(store.stats(HERE)).toMatchObject({ oldestSeq: null, newestSeq: null });
    const seqs = [append("1"), append("2")];
    expect(store.stats(HERE)).toMatchObject({
      oldestSeq: seqs[0],
      newestSeq: seqs[1],
      oldestAcceptedAt: NOW,
    });
    expect(store.deployments()).toEqual([HERE]);
  });

  it("goes by the order of acceptance where the clock went back", () => {
    store.append({ ...entry("2"), acceptedAt: NOW });
    store.append({ ...entry("1"), acceptedAt: NOW - 1000 });
    expect(store.stats(HERE)).toMatchObject({ oldestSeq: 1, oldestAcceptedAt: NOW });
  });

  it("makes only legal moves, and its books balance after each, whatever is done to it", () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant("append" as const), lane: fc.constantFrom("1", "2", "3") }),
      fc.record({ do: fc.constant("claim" as const), limit: fc.integer({ min: 1, max: 4 }) }),
      fc.record({
        do: fc.constant("settle" as const),
        to: fc.constantFrom("acknowledged" as const, "deadLettered" as const, "pending" as const),
        which: fc.nat(3),
      }),
      fc.record({ do: fc.constant("wait" as const) }),
      fc.record({ do: fc.constant("redrive" as const) }),
    );
    const states = new Map<number, EntryState>();
    const moved = (seq: number, to: EntryState) => {
      const from = states.get(seq);
      if (from !== undefined && from !== to)
        expect(ENTRY_MOVES[from] as readonly EntryState[]).toContain(to);
      states.set(seq, to);
    };
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        states.clear();
        const fresh = make(mkdtempSync(join(folder, "run-")), 1000);
        const claims: NonNullable<ReturnType<OutboxStore["claim"]>>[] = [];
        let now = NOW;
        for (const step of commands) {
          if (step.do === "append") states.set(fresh.append(entry(step.lane)).seq, "pending");
          if (step.do === "wait") {
            now += LEASE_MS;
            for (const [seq, state] of states) if (state === "leased") moved(seq, "pending");
          }
          if (step.do === "redrive") {
            for (const { seq } of fresh.deadLetters(HERE)) moved(seq, "pending");
            fresh.redrive(HERE);
          }
          if (step.do === "claim") {
            const request = { deployment: HERE, owner: "me", now, at: now, limit: step.limit };
            const claimed = fresh.claim(request);
            for (const { seq } of claimed?.entries ?? []) {
              expect(states.get(seq)).toBe("pending");
              moved(seq, "leased");
            }
            if (claimed !== null) claims.push(claimed);
          }
          if (step.do === "settle" && claims.length > 0) {
            const { lease, entries } = claims[step.which % claims.length]!;
            const head = entries.find(({ seq }) => states.get(seq) === "leased");
            if (head === undefined) continue;
            const settlement =
              step.to === "deadLettered" ? bury(head.seq) : { seq: head.seq, to: step.to };
            const effective = fresh.settle(lease, [settlement]);
            if (effective === 1) moved(head.seq, step.to);
            if (effective === 1)
              for (const { seq } of entries)
                if (states.get(seq) === "leased") moved(seq, "pending");
          }
          const { accepted, acknowledged, pending, deadLettered } = fresh.stats(HERE);
          expect(acknowledged + pending + deadLettered).toBe(accepted);
          expect(accepted).toBe(states.size);
          const live = [...states.values()].filter((s) => s === "pending" || s === "leased");
          expect(pending).toBe(live.length);
        }
        fresh.close();
      }),
      { numRuns: 60 },
    );
  });
});
