import { expect, it } from "vitest";

import { EventLog, type Logger } from "../log/log.ts";
import { entry, HERE } from "../testing/stores.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { MemoryStore } from "./MemoryStore.ts";
import { Outbox } from "./Outbox.ts";

it("an answer that cannot be taken note of settles its entry, and reaches its caller", async () => {
  const events: unknown[] = [];
  const write: Logger["info"] = (fields) => void events.push(fields["event"]);
  const outbox = new Outbox({
    deployment: HERE,
    store: new MemoryStore(),
    sharing: {
      onAnswer: () => {
        throw new Error("ENOSPC");
      },
    },
    deliver: (entries) =>
      Promise.resolve({
        ok: true,
        durationMs: 1,
        answers: entries.map(() => ({
          accepted: true,
          outcome: "applied",
          answer: { videoId: "v", status: "Downloading" },
        })),
      }),
    isWorking: () => Promise.resolve(true),
    policy: { baseDelayMs: 1, maxDelayMs: 1 },
    clock: new VirtualClock(),
    random: () => 0,
    log: new EventLog({ debug: write, info: write, warn: write, error: write }),
    onStep: () => undefined,
  });
  const { content } = entry("1");
  expect(await outbox.accept({ content, waitMs: 1000 })).toMatchObject({ outcome: "applied" });
  expect(await outbox.close(0)).toEqual({ delivered: true, pending: 0 });
  expect(events).toContain("outbox.failed");
});
