import { ARTIFACT_URL_FIELDS, type ArtifactUrlField } from "@klipstream/contract";

import { analysisSchema } from "../analysis/analysis.ts";
import { parseChatTable, parseTranscriptTable, parseWordTable } from "../artifacts/tables.ts";
import { waveformSchema } from "../artifacts/waveform.ts";
import type { Evidence } from "./expectations.ts";
import type { PlainHttpBackend, StoredVideo } from "./plainHttp.ts";
import type { PlannedVod } from "./plan.ts";
import type { VodRun } from "./runVod.ts";

/** Throws where an artifact's content is not what its URL field promises. */
const PARSERS: Record<ArtifactUrlField, (content: string) => unknown> = {
  transcriptUrl: parseTranscriptTable,
  chatUrl: parseChatTable,
  audiowaveUrl: (json) => waveformSchema.parse(JSON.parse(json)),
  transcriptAnalysisUrl: (json) => analysisSchema.parse(JSON.parse(json)),
  transcriptWordUrl: parseWordTable,
};

/** Gathers what the backend holds of a VOD and what its artifact URLs serve. */
export async function readBack(
  planned: PlannedVod,
  run: VodRun,
  backend: PlainHttpBackend,
): Promise<Evidence> {
  const { twitchId } = planned.vod;
  const video = await backend.readVideo(twitchId);
  const problems = await Promise.all(
    ARTIFACT_URL_FIELDS.map(async (field) => [field, await findProblem(video, field)] as const),
  );
  return {
    planned,
    run,
    video,
    events: await backend.readHistory(twitchId),
    artifacts: Object.fromEntries(problems) as Record<ArtifactUrlField, string | null>,
  };
}

async function findProblem(
  video: StoredVideo | null,
  field: ArtifactUrlField,
): Promise<string | null> {
  const url = video?.[field];
  if (url === undefined) return "is not set";
  try {
    const response = await fetch(url);
    if (!response.ok) return `${url} answers ${response.status}`;
    PARSERS[field](await response.text());
    return null;
  } catch (error) {
    return `${url}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
