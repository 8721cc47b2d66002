import {
  ARTIFACT_URL_FIELDS,
  type ArtifactUrlField,
  STATUS_COMPLETED,
  STATUS_FAILED,
  STATUS_QUEUED,
  VIDEO_STATUSES,
  type VideoStatus,
} from "@klipstream/contract";

import { PIPELINE_ACCOUNT } from "./demoBackend.ts";
import { type PlannedVod, UPDATES_IN_OUTAGE } from "./plan.ts";
import type { StoredEvent, StoredVideo } from "./plainHttp.ts";
import type { VodRun } from "./runVod.ts";

/** What is known of one VOD at the end: what its pipeline said, what the backend holds, what the URLs serve. */
export type Evidence = {
  planned: PlannedVod;
  run: VodRun;
  video: StoredVideo | null;
  /** The oldest first. */
  events: readonly StoredEvent[];
  /** What is wrong with the content of each artifact URL; null where it is as it must be. */
  artifacts: Readonly<Record<ArtifactUrlField, string | null>>;
};

type Expectation = {
  name: string;
  /** Holds only for a VOD that was worked on from its beginning in one go. */
  ofWholeRun?: true;
  /** What is wrong, or null. */
  findProblem: (evidence: Evidence) => string | null;
};

/** Everything that has to be so at the end of the demo, for each VOD. */
const EXPECTATIONS: readonly Expectation[] = [
  {
    name: "both parts of the pipeline exit with 0",
    findProblem: ({ run: { exitCodes, stderr } }) => {
      const { rawPipeline, analysisPipeline } = exitCodes;
      if (rawPipeline === 0 && analysisPipeline === 0) return null;
      return `raw ${rawPipeline ?? "not run"}, analysis ${analysisPipeline ?? "not run"}\n${stderr}`;
    },
  },
  {
    name: "no update is refused",
    findProblem: ({ run: { rejected } }) => (rejected.length === 0 ? null : rejected.join("; ")),
  },
  {
    name: "the video is Completed",
    findProblem: ({ video }) =>
      video?.status === STATUS_COMPLETED ? null : `it is ${video?.status ?? "not there"}`,
  },
  {
    name: "each artifact URL is set and serves what it should",
    findProblem: ({ artifacts }) => {
      const problems = ARTIFACT_URL_FIELDS.flatMap((field) => {
        const problem = artifacts[field];
        return problem === null ? [] : [`${field}: ${problem}`];
      });
      return problems.length === 0 ? null : problems.join("; ");
    },
  },
  {
    name: "the history tells each step once and in order",
    ofWholeRun: true,
    findProblem: ({ planned, events }) => {
      const expected = expectedSteps(planned).join(", ");
      const found = events.flatMap(({ kind, to }) => {
        if (kind === "created") return ["created"];
        return to === undefined ? [] : [kind === "rolledBack" ? `back to ${to}` : to];
      });
      return found.join(", ") === expected ? null : `${found.join(", ")}; expected ${expected}`;
    },
  },
  {
    name: "each artifact URL is reported once",
    ofWholeRun: true,
    findProblem: ({ events }) => {
      const count = events.filter(({ urls }) => urls !== undefined).length;
      return count === ARTIFACT_URL_FIELDS.length ? null : `${count} reports`;
    },
  },
  {
    name: "every update is applied, and none twice",
    ofWholeRun: true,
    findProblem: ({ events }) => {
      const ids = events.flatMap(({ updateId }) => updateId ?? []);
      if (new Set(ids).size < ids.length) return "an update has two events";
      const superseded = events.filter(({ applied }) => !applied).length;
      return superseded === 0 ? null : `${superseded} were superseded`;
    },
  },
  {
    name: "every update is signed with the pipeline's service account",
    findProblem: ({ events }) => {
      const others = events.filter(
        ({ kind, actor }) => kind !== "created" && actor !== PIPELINE_ACCOUNT,
      );
      return others.length === 0 ? null : others.map(({ actor }) => actor).join(", ");
    },
  },
  {
    name: "updates wait while the backend is cut off",
    ofWholeRun: true,
    findProblem: ({ planned: { mishap }, run: { waited } }) =>
      mishap?.kind !== "backendCutOff" || waited >= UPDATES_IN_OUTAGE
        ? null
        : `${waited} waited, expected at least ${UPDATES_IN_OUTAGE}`,
  },
];

/** @returns One line per expectation that is not met: `cooking-souffle: the video is Completed: it is Failed`. */
export function findProblems(evidence: Evidence): string[] {
  return EXPECTATIONS.flatMap(({ name, ofWholeRun = false, findProblem }) => {
    if (ofWholeRun && !evidence.run.isWhole) return [];
    const problem = findProblem(evidence);
    return problem === null ? [] : [`${evidence.planned.name}: ${name}: ${problem.trim()}`];
  });
}

export function countRollbacks(events: readonly StoredEvent[]): number {
  return events.filter(({ kind }) => kind === "rolledBack").length;
}

function expectedSteps({ mishap }: PlannedVod): string[] {
  const statuses = VIDEO_STATUSES.filter(
    (status) => status !== STATUS_QUEUED && status !== STATUS_FAILED,
  );
  const steps = statuses.flatMap((status): string[] => {
    const fails = mishap?.kind === "stageFailsOnce" && mishap.status === status;
    return fails ? [status, `back to ${before(status)}`, status] : [status];
  });
  return ["created", ...steps];
}

function before(status: VideoStatus): VideoStatus {
  return VIDEO_STATUSES[VIDEO_STATUSES.indexOf(status) - 1] ?? STATUS_QUEUED;
}
