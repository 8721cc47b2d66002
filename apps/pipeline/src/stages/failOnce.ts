import type { VideoStatus } from "@klipstream/contract";

import type { Stage } from "./stage.ts";

/** Lets the first attempt of one stage fail, to show what becomes of it. */
export function failOnce(stages: readonly Stage[], failing: VideoStatus | undefined): Stage[] {
  return stages.map((stage) => (stage.status === failing ? failingOnce(stage) : stage));
}

function failingOnce({ status, work }: Stage): Stage {
  let hasFailed = false;
  return {
    status,
    work: async (tools) => {
      if (hasFailed) return work(tools);
      hasFailed = true;
      tools.progress(50);
      throw new Error(`${status} fails once, as PIPELINE_FAIL_ONCE says`);
    },
  };
}
