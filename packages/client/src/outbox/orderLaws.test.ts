import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { bury, entry, HERE, NOW, storeMakers } from "../testing/stores.ts";
import { ageOf, contentToSend, updateIdOf } from "./entry.ts";
import { OUTBOX_BOUNDS, type OutboxStore } from "./store.ts";

describe.each(storeMakers)("order in a store in %s", (_name, make) => {
  let folder: string;
  let store: OutboxStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "klipstream-order-"));
    store = make(folder, OUTBOX_BOUNDS.maxEntries);
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const claim = () => store.claim({ deployment: HERE, owner: "me", now: NOW, at: NOW, limit: 50 });

  it("numbers what it accepts upwards under one source, and keeps the number through a redrive", () => {
    const [first, second] = [store.append(entry("1")), store.append(entry("2"))];
    expect(first.source.id).toBe(store.sourceId);
    expect(second.source.id).toBe(store.sourceId);
    expect(second.source.sequence).toBeGreaterThan(first.source.sequence);
    store.settle(claim()!.lease, [bury(first.seq)]);
    store.redrive(HERE);
    expect(store.pending(HERE, 10).map(({ source }) => source)).toEqual([
      first.source,
      second.source,
    ]);
  });

  it("says of a dead letter whether a later update of its video was acknowledged", () => {
    const [first, second, other] = ["1", "1", "2"].map((lane) => store.append(entry(lane)).seq) as [
      number,
      number,
      number,
    ];
    const { lease } = claim()!;
    store.settle(lease, [{ seq: second, to: "acknowledged" }, bury(first), bury(other)]);
    const letters = store.deadLetters(HERE).map(({ seq, isOvertaken }) => [seq, isOvertaken]);
    expect(letters).toEqual([
      [first, true],
      [other, false],
    ]);
  });

  it("makes a new update of a dead letter that is redriven as new, at the end of its lane", () => {
    const letter = store.append(entry("1"));
    const later = store.append(entry("1"));
    store.settle(claim()!.lease, [bury(letter.seq)]);
    const moment = { at: NOW + 5000, uptime: { origin: "boot", ms: 70 } };
    expect(store.redrive(HERE, [letter.seq], { asNewAt: moment })).toBe(1);
    const [first, last] = claim()!.entries;
    expect(first).toEqual(later);
    expect(last!.source.sequence).toBeGreaterThan(later.source.sequence);
    expect(updateIdOf(last!.content)).not.toBe(updateIdOf(letter.content));
    expect(ageOf(last!, moment)).toBe(0);
    expect(contentToSend(last!, moment)).toMatchObject({ update: { ageMs: 0 } });
    expect(store.stats(HERE)).toMatchObject({ accepted: 2, pending: 2, deadLettered: 0 });
  });

  it("knows the age of an entry by the monotonic clock, by the wall clock only after another boot", () => {
    const uptime = { origin: "boot", ms: 1000 };
    store.append({ ...entry("1"), acceptedUptime: uptime });
    const [kept] = store.pending(HERE, 1);
    const ageAt = (at: number, origin: string, ms: number) =>
      ageOf(kept!, { at, uptime: { origin, ms } });
    expect(ageAt(NOW - 3_600_000, "boot", 1250)).toBe(250);
    expect(ageAt(NOW + 40, "another boot", 5)).toBe(40);
    expect(ageAt(NOW - 40, "another boot", 5)).toBe(0);
  });
});
