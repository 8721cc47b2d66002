import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { OutboxFullError, OutboxUnwritableError } from "../errors.ts";
import { entry, HERE, storeMakers } from "../testing/stores.ts";
import { GROUP_MAX_COUNT, GroupCommit } from "./GroupCommit.ts";
import type { Entry, NewEntry } from "./entry.ts";
import { OUTBOX_BOUNDS, type OutboxStore } from "./store.ts";

describe.each(storeMakers)("appends to a store in %s that arrive together", (_name, make) => {
  let folder: string;
  let store: OutboxStore;
  /** How many entries each transaction had. */
  let transactions: number[];
  let group: GroupCommit;

  function open(maxEntries: number): void {
    store = make(folder, maxEntries);
    transactions = [];
    group = new GroupCommit({
      appendAll: (entries: readonly NewEntry[]) => {
        transactions.push(entries.length);
        return store.appendAll(entries);
      },
    });
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "klipstream-group-"));
    open(OUTBOX_BOUNDS.maxEntries);
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("are committed together, in the order of the calls", async () => {
    const given = ["1", "2", "1"].map((lane) => entry(lane));
    const kept = await Promise.all(given.map((one) => group.append(one)));
    expect(transactions).toEqual([3]);
    expect(kept.map(({ content }) => content)).toEqual(given.map(({ content }) => content));
    expect(store.pending(HERE, 10)).toEqual(kept);
  });

  it("that arrive after a commit has begun are committed by the next", async () => {
    const first = group.append(entry("1"));
    await first;
    await Promise.all([group.append(entry("2")), group.append(entry("3"))]);
    expect(transactions).toEqual([1, 2]);
  });

  it("are each answered once they are in the store, and not before", async () => {
    let isAnswered = false;
    const append = group.append(entry("1")).then((kept) => {
      isAnswered = true;
      expect(store.pending(HERE, 10)).toEqual([kept]);
    });
    await Promise.resolve();
    expect(isAnswered).toBe(false);
    expect(store.stats(HERE).accepted).toBe(0);
    await append;
    expect(isAnswered).toBe(true);
  });

  it("fail alone where there is no room for them", async () => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
    open(2);
    const [first, second, third] = await Promise.allSettled(
      ["1", "2", "3"].map((lane) => group.append(entry(lane))),
    );
    expect([first?.status, second?.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(third?.status === "rejected" && third.reason).toBeInstanceOf(OutboxFullError);
    expect(store.stats(HERE)).toMatchObject({ accepted: 2, pending: 2 });
  });

  it("all fail where their transaction does, and leave the next ones alone", async () => {
    const appendAll = store.appendAll.bind(store);
    store.appendAll = () => {
      throw new OutboxUnwritableError("the disk is full");
    };
    const failed = await Promise.allSettled([group.append(entry("1")), group.append(entry("2"))]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    store.appendAll = appendAll;
    const kept: Entry = await group.append(entry("3"));
    expect(store.pending(HERE, 10)).toEqual([kept]);
  });

  it("are committed at once where that is asked for, and not again later", async () => {
    const appends = Promise.all([group.append(entry("1")), group.append(entry("2"))]);
    group.commitAll();
    expect(store.stats(HERE).accepted).toBe(2);
    await appends;
    await group.append(entry("3"));
    expect(transactions).toEqual([2, 1]);
  });

  it("go into several transactions where they are very many", async () => {
    const count = GROUP_MAX_COUNT + 1;
    const lanes = Array.from({ length: count }, (_, video) => String(video));
    await Promise.all(lanes.map((lane) => group.append(entry(lane))));
    expect(transactions).toEqual([GROUP_MAX_COUNT, 1]);
    expect(store.pending(HERE, count).map(({ twitchId }) => twitchId)).toEqual(lanes);
  });
});
