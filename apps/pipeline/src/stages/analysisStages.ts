import { STATUS_ANALYZING, STATUS_FINDING_HIGHLIGHTS } from "@klipstream/contract";

import { addHighlights, analyze, type Measurements } from "../analysis/analysis.ts";
import type { RawArtifacts } from "../artifacts/rawArtifacts.ts";
import type { Stage } from "./stage.ts";

/** The analysis part of the pipeline: works on what the raw part stored, not on the VOD. */
export function analysisStages(twitchId: string, raw: RawArtifacts): Stage[] {
  let measurements: Measurements | null = null;
  return [
    {
      status: STATUS_ANALYZING,
      work: async ({ progress }) => {
        progress(0, "measuring chat, speech and loudness");
        measurements = await Promise.resolve(analyze(twitchId, raw));
      },
    },
    {
      status: STATUS_FINDING_HIGHLIGHTS,
      work: async ({ progress, publish }) => {
        const analysis = addHighlights(measurements ?? analyze(twitchId, raw), raw.words);
        progress(80, `${analysis.highlights.length} highlights`);
        await publish("transcriptAnalysisUrl", JSON.stringify(analysis));
      },
    },
  ];
}
