import { STATUS_COMPLETED, STATUS_FAILED } from "@klipstream/contract";

import type { Video } from "../backend/api.ts";
import { STAGES, STATUS_APPEARANCE } from "./appearance.ts";
import { reachedStatus } from "./progress.ts";

type Step = "done" | "current" | "failed" | "stalled" | "ahead";

const LOOKS: Record<Step, string> = {
  done: "bg-good-fill",
  current: "bg-busy-fill breathing",
  failed: "bg-bad-fill",
  stalled: "bg-warn-fill",
  ahead: "bg-line",
};

type Stepped = Pick<Video, "status" | "failure" | "stalledSince">;

/** The five stages of a run as five steps. The status stands beside it in words: a reader of the screen needs no more. */
export function StageStepper({ video }: { video: Stepped }) {
  return (
    <span aria-hidden="true" className="flex w-full max-w-40 gap-1">
      {STAGES.map((stage, index) => (
        <span
          key={stage}
          title={stage}
          className={`h-1.5 flex-1 rounded-full ${LOOKS[stepOf(video, index)]}`}
        />
      ))}
    </span>
  );
}

/** The same with a name and an icon for each step, where there is room. */
export function NamedStageStepper({ video }: { video: Stepped }) {
  return (
    <ol className="grid grid-cols-5 gap-2" aria-label="Stages of the run">
      {STAGES.map((stage, index) => {
        const step = stepOf(video, index);
        const { Icon } = STATUS_APPEARANCE[stage];
        return (
          <li key={stage} aria-current={step === "current" ? "step" : undefined}>
            <span className={`block h-1.5 rounded-full ${LOOKS[step]}`} />
            <span
              className={`mt-2 flex items-center gap-1.5 text-xs ${step === "ahead" ? "text-quiet" : "font-medium"}`}
            >
              <Icon aria-hidden="true" className="size-3.5 shrink-0" />
              <span className="max-sm:sr-only">{stage}</span>
              <span className="sr-only">: {step}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

export function stepOf(video: Stepped, index: number): Step {
  if (video.status === STATUS_COMPLETED) return "done";
  const reached = STAGES.indexOf(reachedStatus(video));
  if (index !== reached) return index < reached ? "done" : "ahead";
  if (video.status === STATUS_FAILED) return "failed";
  return video.stalledSince === undefined ? "current" : "stalled";
}
