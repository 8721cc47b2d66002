import { expect, it } from "vitest";

import { contentToSend, type Entry, type RecordedUpdate } from "./entry.ts";

const ACCEPTED_AT = 1_700_000_000_000;

function entry(meta: Partial<RecordedUpdate>): Entry {
  const update = { twitchId: "1", updateId: "u1", status: "Queued" as const, ...meta };
  return {
    seq: 7,
    source: { id: "outbox", sequence: 7 },
    deployment: "https://here.example",
    twitchId: "1",
    content: { kind: "update", update, createMissing: false },
    acceptedAt: ACCEPTED_AT,
    acceptedUptime: { origin: "boot", ms: 100 },
    failures: 0,
  };
}

const sent = (meta: Partial<RecordedUpdate>, at = ACCEPTED_AT) => {
  const content = contentToSend(entry(meta), { at, uptime: { origin: "boot", ms: 350 } });
  return content.kind === "update" ? content.update : null;
};

it("an entry is sent with its source and the ages of that moment, and without times", () => {
  expect(sent({ ageMs: 1000, run: { id: "run", ageMs: 60_000 } })).toEqual({
    twitchId: "1",
    updateId: "u1",
    status: "Queued",
    source: { id: "outbox", sequence: 7 },
    ageMs: 1250,
    run: { id: "run", ageMs: 60_250 },
  });
});

it("the times that an earlier version has kept become ages by the wall clock, never negative", () => {
  const old = { occurredAt: ACCEPTED_AT, run: { id: "run", startedAt: ACCEPTED_AT - 500 } };
  expect(sent(old, ACCEPTED_AT + 40)).toMatchObject({ ageMs: 40, run: { id: "run", ageMs: 540 } });
  expect(sent(old, ACCEPTED_AT - 600)).toMatchObject({ ageMs: 0, run: { id: "run", ageMs: 0 } });
  expect(sent(old)).not.toHaveProperty("occurredAt");
});

it("an age that only a broken clock can tell is cut to what the backend takes", () => {
  expect(sent({ occurredAt: 0 }, 8e15)).toMatchObject({ ageMs: 1e13 });
});
