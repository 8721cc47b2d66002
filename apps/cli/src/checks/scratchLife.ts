import { randomInt, randomUUID } from "node:crypto";

import { backend, CredentialsRefusedError } from "@klipstream/client";
import {
  ARTIFACT_URL_FIELDS,
  STATUS_COMPLETED,
  STATUS_FAILED,
  STATUS_QUEUED,
  VIDEO_STATUSES,
} from "@klipstream/contract";

import type { CliContext } from "../context.ts";
import { connectBackend, type DirectBackend } from "../deployment/connectBackend.ts";

/** One step of the scratch video's life. */
export type SmokeStep = {
  step: string;
  result: "ok" | "warning" | "failed";
  /** What was seen. */
  detail: string;
  durationMs: number;
  error?: unknown;
};

/** What a step found, when it did not throw: a text, or a warning. */
type Seen = string | { warning: string };

type Smoke = DirectBackend & {
  anonymous: DirectBackend;
  twitchId: string;
  now: () => number;
};

/** Twitch never issues an ID with a leading zero: the backend lets these be removed. */
function newScratchTwitchId(): string {
  return `0${randomInt(1e12, 9e12)}${randomInt(100_000, 999_999)}`;
}

/**
 * Takes a scratch video through its whole life on the configured deployment, and removes it.
 *
 * @param onStep - Told of each step when it is done.
 * @returns Every step. After one that failed, only the removal follows.
 */
export async function smoke(
  context: CliContext,
  onStep: (step: SmokeStep) => void,
): Promise<SmokeStep[]> {
  const subject: Smoke = {
    ...connectBackend(context),
    anonymous: connectBackend(context, { tokenSource: () => Promise.resolve(null) }),
    twitchId: newScratchTwitchId(),
    now: () => context.now(),
  };
  const steps: SmokeStep[] = [];
  const run = async (step: string, work: (subject: Smoke) => Promise<Seen>) => {
    const startedAt = performance.now();
    const seen = await observe(() => work(subject));
    steps.push({
      step,
      ...seen,
      durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
    });
    const done = steps.at(-1);
    if (done !== undefined) onStep(done);
    return seen.result !== "failed";
  };
  for (const [step, work] of LIFE) if (!(await run(step, work))) break;
  await run("remove", remove);
  return steps;
}

async function observe(
  work: () => Promise<Seen>,
): Promise<Pick<SmokeStep, "result" | "detail" | "error">> {
  try {
    const seen = await work();
    return typeof seen === "string"
      ? { result: "ok", detail: seen }
      : { result: "warning", detail: seen.warning };
  } catch (error) {
    return {
      result: "failed",
      detail: error instanceof Error ? error.message : String(error),
      error,
    };
  }
}

const LIFE: readonly [step: string, work: (subject: Smoke) => Promise<Seen>][] = [
  ["create", create],
  ...VIDEO_STATUSES.map((status) => [status, reportStatus(status)] as [string, typeof create]),
  ["roll back", rollBack],
  ["URLs", reportUrls],
  ["duplicate", repeat],
  ["stale update", reportLate],
  ["without a token", reportAnonymously],
  ["read back", readBack],
];

async function create({ integration, twitchId }: Smoke): Promise<Seen> {
  const { created } = await integration.createVideo(twitchId, { title: "klipstream smoke" });
  return expectSeen(created, twitchId, "the scratch video was there already");
}

function reportStatus(status: (typeof VIDEO_STATUSES)[number]) {
  return async ({ integration, twitchId }: Smoke): Promise<Seen> => {
    const { outcome, status: stored } = await integration.updateStatusByTwitchId(twitchId, status);
    // A new video is queued already.
    const expected = status === STATUS_QUEUED ? ["applied", "unchanged"] : ["applied"];
    return expectSeen(
      expected.includes(outcome) && stored === status,
      outcome,
      `${outcome}, and the status is ${stored}`,
    );
  };
}

async function rollBack({ integration, twitchId }: Smoke): Promise<Seen> {
  const result = await integration.rollbackStatus(twitchId, { reason: "smoke" });
  const { from = "?", to = "?" } = "from" in result ? result : {};
  const seen = `${from} -> ${to}`;
  return expectSeen(from === STATUS_FAILED && to === STATUS_COMPLETED, seen, seen);
}

const URLS = Object.fromEntries(
  ARTIFACT_URL_FIELDS.map((field) => [field, `https://klipstream.invalid/smoke/${field}`]),
) as Record<(typeof ARTIFACT_URL_FIELDS)[number], string>;

async function reportUrls({ integration, twitchId }: Smoke): Promise<Seen> {
  const { outcome } = await integration.updateAllUrls(twitchId, URLS);
  return expectSeen(outcome === "applied", `${ARTIFACT_URL_FIELDS.length} URLs`, outcome);
}

async function repeat({ integration, twitchId }: Smoke): Promise<Seen> {
  const meta = { updateId: randomUUID(), reason: "smoke: sent twice" };
  const first = await integration.updateStatusByTwitchId(twitchId, "Analyzing", meta);
  const second = await integration.updateStatusByTwitchId(twitchId, "Analyzing", meta);
  const seen = `${first.outcome}, then ${second.outcome}`;
  return expectSeen(first.outcome === "applied" && second.outcome === "duplicate", seen, seen);
}

async function reportLate({ integration, twitchId, now }: Smoke): Promise<Seen> {
  const { outcome } = await integration.updateStatusByTwitchId(twitchId, "Downloading", {
    occurredAt: now() - 86_400_000,
  });
  return expectSeen(outcome === "superseded", outcome, outcome);
}

async function reportAnonymously({ anonymous, twitchId }: Smoke): Promise<Seen> {
  try {
    await anonymous.api.updateStatusByTwitchId({ twitchId, status: "Analyzing" });
  } catch (error) {
    if (error instanceof CredentialsRefusedError) return `refused: ${error.code}`;
    throw error;
  }
  return { warning: "accepted: this deployment sets ALLOW_ANONYMOUS_PIPELINES" };
}

async function readBack({ integration, twitchId }: Smoke): Promise<Seen> {
  const video = await integration.getVideo(twitchId);
  const wrong = ARTIFACT_URL_FIELDS.filter((field) => video?.[field] !== URLS[field]);
  if (video?.status !== "Analyzing" || wrong.length > 0)
    throw new Error(
      `read ${video?.status ?? "nothing"}${wrong.map((field) => `, wrong ${field}`).join("")}`,
    );
  try {
    const { page } = await integration.history(twitchId);
    return `${video.status}, ${page.length} events`;
  } catch (error) {
    if (error instanceof CredentialsRefusedError)
      return { warning: "the video is right; its history needs the scope videos:read" };
    throw error;
  }
}

async function remove({ api, integration, twitchId }: Smoke): Promise<Seen> {
  const { removed } = await api.mutation(backend.video.removeScratch, { twitchId });
  const left = await integration.getVideo(twitchId);
  return expectSeen(left === null, removed ? "removed" : "was not there", "it is still there");
}

function expectSeen(asExpected: boolean, seen: string, otherwise: string): string {
  if (!asExpected) throw new Error(otherwise);
  return seen;
}
