import { describe, expect, it } from "vitest";

import {
  BackendUnavailableError,
  CredentialsRefusedError,
  type KlipstreamError,
  RequestRefusedError,
  ServerError,
  VideoNotFoundError,
} from "../errors.ts";
import { EventLog } from "../log/log.ts";
import { entry, HERE, NOW } from "../testing/stores.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { MemoryStore } from "./MemoryStore.ts";
import { FATES, Settler } from "./Settler.ts";
import { Traffic } from "./Traffic.ts";

const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A failure that calls for each verdict. */
const ERRORS = {
  retry: new BackendUnavailableError("connection", "no connection"),
  retryFew: new ServerError("Server Error"),
  giveUpIfAlone: new RequestRefusedError("HTTP 400"),
  giveUp: new VideoNotFoundError("no such video"),
  refreshCredentials: new CredentialsRefusedError("UNAUTHENTICATED", "no"),
} as const satisfies Record<keyof typeof FATES, KlipstreamError>;

const SITUATIONS = {
  inBatch: { lanes: ["1", "2"], isWorking: true },
  alone: { lanes: ["1"], isWorking: false },
  aloneWhileItWorks: { lanes: ["1"], isWorking: true },
};

async function fail(
  error: KlipstreamError,
  { lanes, isWorking, failures = 0 }: { lanes: string[]; isWorking: boolean; failures?: number },
) {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const policy = { baseDelayMs: 500, maxDelayMs: 30_000 };
  const traffic = new Traffic({ clock, random: () => 0, policy });
  const settler = new Settler({
    deployment: HERE,
    store,
    clock,
    log: new EventLog(logger),
    traffic,
    isWorking: () => Promise.resolve(isWorking),
    onAnswer: ignore,
    onBlocked: ignore,
    attempt: (work) => work(),
  });
  for (const lane of lanes) store.append(entry(lane));
  const claim = () =>
    store.claim({ deployment: HERE, owner: "me", now: NOW, at: NOW, limit: 50 }) ?? undefined;
  const first = claim()!;
  const entries = first.entries.map((one) => ({ ...one, failures }));
  const delivery = { ok: false as const, error, refreshMayHelp: false, durationMs: 1 };
  await settler.settle({ ...first, entries }, delivery, { epoch: 0, throughCount: 0 });
  const isPaused = traffic.mode === "paused";
  const deadLetters = store.deadLetters(HERE).length;
  const failuresNow = claim()?.entries.map((one) => one.failures);
  return { isPaused, deadLetters, failuresNow };
}

/** What can be seen of each fate. */
const SEEN = {
  keep: { isPaused: false, deadLetters: 0 },
  count: { isPaused: false, deadLetters: 0, failuresNow: [1] },
  bury: { isPaused: false, deadLetters: 1 },
  pause: { isPaused: true, deadLetters: 0 },
};

describe("the entries of a request that failed", () => {
  for (const [action, fates] of Object.entries(FATES))
    it.each(Object.entries(fates))(`with ${action}, %s: %s`, async (situation, fate) => {
      const error = ERRORS[action as keyof typeof FATES];
      const seen = await fail(error, SITUATIONS[situation as keyof typeof SITUATIONS]);
      expect(seen).toMatchObject(SEEN[fate]);
      if (fate === "keep") expect(seen.failuresNow?.every((count) => count === 0)).toBe(true);
    });

  it("are buried with the sixth failure of their own", async () => {
    const seen = await fail(ERRORS.retryFew, { lanes: ["1"], isWorking: true, failures: 5 });
    expect(seen).toMatchObject(SEEN.bury);
  });
});
