import { type Update, type UpdateMeta, VIDEO_STATUSES } from "@klipstream/contract";
import { ConvexError } from "convex/values";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { api } from "../_generated/api";
import { eventsOf, startBackend, stored } from "./testing.setup";
import { ContractModel, currentRun, withoutSource } from "./videoModel.setup";

const START = 20;
const TWITCH_IDS = ["1", "2"] as const;

// Small domains, so that ids, runs and moments meet often.
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const twitchId = fc.constantFrom(...TWITCH_IDS);
const meta: fc.Arbitrary<UpdateMeta> = fc.record(
  {
    updateId: fc.constantFrom("u1", "u2", "u3", "u4", "u5", "u6"),
    source: fc.record({ id: fc.constantFrom("s", "t"), sequence: fc.integer({ min: 1, max: 20 }) }),
    ageMs: fc.integer({ min: 0, max: 60 }),
    occurredAt: fc.integer({ min: 0, max: 60 }),
    run: fc.oneof(
      fc.constantFrom(
        { id: "a", startedAt: 1 },
        { id: "b", startedAt: 2 },
        { id: "c", startedAt: 2 },
        { id: "b", startedAt: 3 },
        { id: "d", startedAt: 1e12 },
        { id: "e" },
      ),
      fc.record({ id: fc.constantFrom("a", "b"), ageMs: fc.integer({ min: 0, max: 60 }) }),
    ),
    reason: fc.constantFrom("why", "because"),
  },
  { requiredKeys: [] },
);
const url = fc.constantFrom("https://a.example/1", "https://a.example/2");
const urls = fc
  .record({ chatUrl: maybe(url), transcriptUrl: maybe(url) })
  .filter((some) => some.chatUrl !== undefined || some.transcriptUrl !== undefined)
  .map(withoutUndefined);
const status = fc.constantFrom(...VIDEO_STATUSES.filter((value) => value !== "Fetching chat"));
const update: fc.Arbitrary<Update> = fc
  .tuple(
    twitchId,
    fc.oneof(
      fc.record({ status }),
      fc.record({ status }),
      fc.record({ urls }),
      fc.record({ status, urls }),
    ),
    meta,
  )
  .map(([id, change, rest]) => ({ twitchId: id, ...change, ...rest }));

type Command =
  | { type: "create"; twitchId: string }
  | { type: "wait"; ms: number }
  | { type: "update"; update: Update }
  | { type: "updates"; updates: Update[]; createMissing: boolean }
  | { type: "rollBack"; args: { twitchId: string } & UpdateMeta };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ type: fc.constant("create" as const), twitchId }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("update" as const), update }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("updates" as const),
      updates: fc.array(update, { minLength: 1, maxLength: 5 }),
      createMissing: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("rollBack" as const),
      args: fc.tuple(twitchId, meta).map(([id, rest]) => ({ twitchId: id, ...rest })),
    }),
  },
);
const commands = fc.array(command, { minLength: 1, maxLength: 25 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("rules 1 to 5 and rollback", () => {
  test("give what the plain model gives, whatever is reported in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        vi.setSystemTime(START);
        const { t, pipeline } = startBackend();
        const model = new ContractModel(START);
        for (const step of sequence)
          expect(await perform(pipeline, step)).toEqual(predict(model, step));
        for (const [id] of model.videos) await expectSame({ t, pipeline }, model, id);
      }),
      { numRuns: 300 },
    );
  });

  test("a batch gives what its updates give one by one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(update, { minLength: 1, maxLength: 30 }), async (updates) => {
        const batched = startBackend();
        const single = startBackend();
        const record = async (caller: Caller, some: Update[]) =>
          await caller.mutation(api.video.recordUpdates, { updates: some, createMissing: true });
        const together = await record(batched.pipeline, updates);
        const apart = [];
        for (const each of updates) apart.push(...(await record(single.pipeline, [each])));
        expect(outcomes(together)).toEqual(outcomes(apart));
        const created = together.flatMap((result) => (result.success ? [result.twitchId] : []));
        for (const id of new Set(created))
          expect(await snapshot(batched, id)).toEqual(await snapshot(single, id));
      }),
      { numRuns: 60 },
    );
  });
});

type Caller = ReturnType<typeof startBackend>["pipeline"];

async function perform(caller: Caller, step: Command): Promise<unknown> {
  switch (step.type) {
    case "wait":
      vi.setSystemTime(Date.now() + step.ms);
      return null;
    case "create":
      return (await caller.mutation(api.video.create, { twitchId: step.twitchId })).created;
    case "updates":
      return outcomes(
        await caller.mutation(api.video.recordUpdates, {
          updates: step.updates,
          createMissing: step.createMissing,
        }),
      );
    case "rollBack":
      return await outcomeOf(caller.mutation(api.video.rollbackStatus, step.args));
    case "update":
      return await outcomeOf(send(caller, step.update));
  }
}

async function send(caller: Caller, { status: newStatus, urls: newUrls, ...rest }: Update) {
  if (newUrls === undefined && newStatus !== undefined)
    return await caller.mutation(api.video.updateStatusByTwitchId, { ...rest, status: newStatus });
  if (newStatus === undefined && newUrls !== undefined)
    return await caller.mutation(api.video.updateUrls, { ...rest, urls: newUrls });
  const updates = [{ ...rest, status: newStatus, urls: newUrls } as Update];
  const [result] = await caller.mutation(api.video.recordUpdates, { updates });
  if (result?.success === true) return result;
  throw new ConvexError({ code: result?.code ?? "none" });
}

function predict(model: ContractModel, step: Command): unknown {
  switch (step.type) {
    case "wait":
      model.now += step.ms;
      return null;
    case "create":
      return model.create(step.twitchId);
    case "updates":
      return step.updates.map((each) => model.update(each, step.createMissing));
    case "rollBack":
      return model.rollBack(step.args);
    case "update":
      return isForOneFunction(step.update)
        ? model.updateOrThrow(step.update)
        : model.update(step.update);
  }
}

/** A status or URLs; what holds both goes as a batch of one. */
function isForOneFunction({ status: newStatus, urls: newUrls }: Update): boolean {
  return newStatus === undefined || newUrls === undefined;
}

async function outcomeOf(
  call: Promise<{ outcome: string } | { success: false; code: string }>,
): Promise<string> {
  try {
    const result = await call;
    return "outcome" in result ? result.outcome : result.code;
  } catch (error) {
    if (error instanceof ConvexError) return (error.data as { code: string }).code;
    throw error;
  }
}

function outcomes(
  results: ({ success: true; outcome: string } | { success: false; code: string })[],
) {
  return results.map((result) => (result.success ? result.outcome : result.code));
}

async function expectSame(
  { t, pipeline }: Pick<ReturnType<typeof startBackend>, "t" | "pipeline">,
  model: ContractModel,
  id: string,
) {
  const expected = model.get(id);
  const video = await stored(t, id);
  expect({
    status: video.status,
    changedAt: video.statusReported ? video.statusChangedAt : null,
    run: video.run,
    failure: video.failure,
    urls: withoutUndefined({ chatUrl: video.chatUrl, transcriptUrl: video.transcriptUrl }),
    marks: video.marks ?? {},
  }).toEqual({
    status: expected.status,
    changedAt: expected.changedAt,
    run: currentRun(expected) && withoutSource(currentRun(expected)!),
    failure: expected.failure,
    urls: expected.urls,
    marks: expected.marks,
  });
  const events = await eventsOf(pipeline, id);
  expect(
    events.map(({ kind, from, to, urls: some, reason, run, updateId, applied, undone }) => ({
      ...{ kind, from, to, urls: some, reason, run, updateId, applied, undone },
    })),
  ).toEqual(
    expected.events.map(({ undo: _undo, ...event }) => ({
      ...{ from: undefined, urls: undefined, reason: undefined, run: undefined },
      ...{ updateId: undefined, undone: undefined },
      ...event,
    })),
  );
}

async function snapshot({ t, pipeline }: ReturnType<typeof startBackend>, id: string) {
  const { _id, _creationTime, ...video } = await stored(t, id);
  const events = await eventsOf(pipeline, id);
  return { video, events: events.map(({ _id: _, receivedAt: __, ...event }) => event) };
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
