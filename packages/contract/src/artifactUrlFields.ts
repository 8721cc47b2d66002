/** The URL fields of a video's output files. */
export const ARTIFACT_URL_FIELDS = [
  "transcriptUrl",
  "chatUrl",
  "audiowaveUrl",
  "transcriptAnalysisUrl",
  "transcriptWordUrl",
] as const;

export type ArtifactUrlField = (typeof ARTIFACT_URL_FIELDS)[number];
