import { z } from "zod";

import { ARTIFACT_URL_FIELDS, type ArtifactUrlField } from "./artifactUrlFields.ts";
import { artifactUrlSchema, type ArtifactUrls } from "./artifactUrls.ts";
import { checkInput } from "./checkInput.ts";
import type { Issue } from "./errorSchemas.ts";
import {
  STATUS_ANALYZING,
  STATUS_COMPLETED,
  STATUS_DOWNLOADING,
  STATUS_FAILED,
  STATUS_FETCHING_CHAT,
  STATUS_FINDING_HIGHLIGHTS,
  STATUS_QUEUED,
  STATUS_TRANSCRIBING,
  VIDEO_STATUSES,
  type VideoStatus,
} from "./statuses.ts";
import { videoStatusSchema } from "./statusSchema.ts";
import { parseTwitchId } from "./twitchIds.ts";
import { titleSchema } from "./updates.ts";

/** What the words of a table that existed before this project mean in this one. */
export const adoptionMappingSchema = z.strictObject({
  /** Old status -> one of the eight. The eight map to themselves and need no entry. */
  statuses: z.record(z.string(), videoStatusSchema),
  /** Old field -> the artifact URL that it holds. The five need no entry. */
  urls: z.record(z.string(), z.enum(ARTIFACT_URL_FIELDS)),
});
export type AdoptionMapping = z.infer<typeof adoptionMappingSchema>;

/** The words that KlipStream's Python pipelines, scripts and web pages are known to write. */
export const DEFAULT_ADOPTION_MAPPING: AdoptionMapping = {
  statuses: {
    queued: STATUS_QUEUED,
    "Ready for retry": STATUS_QUEUED,
    downloading: STATUS_DOWNLOADING,
    "Processing audio": STATUS_TRANSCRIBING,
    "Generating waveform": STATUS_TRANSCRIBING,
    transcribing: STATUS_TRANSCRIBING,
    fetching_chat: STATUS_FETCHING_CHAT,
    analyzing: STATUS_ANALYZING,
    "Finalizing analysis": STATUS_FINDING_HIGHLIGHTS,
    "Generating visualizations": STATUS_FINDING_HIGHLIGHTS,
    "Uploading files": STATUS_FINDING_HIGHLIGHTS,
    "Processing complete": STATUS_COMPLETED,
    completed: STATUS_COMPLETED,
    failed: STATUS_FAILED,
    "Error: Processing timeout": STATUS_FAILED,
  },
  urls: {
    transcript_url: "transcriptUrl",
    transcriptWords_url: "transcriptWordUrl",
    chat_url: "chatUrl",
    waveform_url: "audiowaveUrl",
    analysis_url: "transcriptAnalysisUrl",
  },
};

/** A document as it stands in the old table. */
export type OldVideo = Readonly<Record<string, unknown>>;

/** What becomes of an old document. */
export type AdoptionPlan =
  /** It was adopted before, or written by this backend. */
  | { kind: "fits" }
  | {
      kind: "becomes";
      video: { twitchId: string; title?: string; status: VideoStatus } & Partial<ArtifactUrls>;
      /** The fields that this project does not know, and values that it cannot take; kept as they are. */
      legacy: Record<string, unknown>;
    }
  /** It cannot be adopted until somebody mends it, or the mapping. */
  | { kind: "problem"; issues: Issue[] };

/**
 * Decides what becomes of one document of an old `videos` table. Pure: the command that checks and the backend that adopts
 * both ask it.
 *
 * @param document - The document as stored, `_id` and `_creationTime` included.
 */
export function planAdoption(document: OldVideo, mapping: AdoptionMapping): AdoptionPlan {
  if (isAdopted(document)) return { kind: "fits" };
  const twitchId = readTwitchId(document["twitchId"]);
  const status = mapStatus(document["status"], mapping);
  const issues: Issue[] = [];
  if (twitchId === null)
    issues.push({ path: "twitchId", message: `${show(document["twitchId"])} is no Twitch ID` });
  if (status === null)
    issues.push({
      path: "status",
      message: `${show(document["status"])} has no entry in the mapping`,
    });
  if (twitchId === null || status === null) return { kind: "problem", issues };
  const { urls, taken } = readUrls(document, mapping);
  const title = checkInput(titleSchema, document["title"]);
  const known = ["_id", "_creationTime", "twitchId", "status", ...(title.ok ? ["title"] : [])];
  const isKept = ([field, value]: [string, unknown]) =>
    ![...known, ...taken].includes(field) && !(isDocumented(field, mapping) && isNothing(value));
  return {
    kind: "becomes",
    video: { twitchId, ...(title.ok && { title: title.value }), status, ...urls },
    legacy: Object.fromEntries(Object.entries(document).filter(isKept)),
  };
}

/**
 * The status that an old word means.
 *
 * @returns Null where the mapping has no entry for it.
 */
export function mapStatus(status: unknown, { statuses }: AdoptionMapping): VideoStatus | null {
  if (typeof status !== "string") return null;
  const own = VIDEO_STATUSES.find((known) => known === status);
  return own ?? (Object.hasOwn(statuses, status) ? (statuses[status] ?? null) : null);
}

/** The artifact URL that an old field name means, or null. */
export function mapUrlField(field: string, { urls }: AdoptionMapping): ArtifactUrlField | null {
  const own = ARTIFACT_URL_FIELDS.find((known) => known === field);
  return own ?? (Object.hasOwn(urls, field) ? (urls[field] ?? null) : null);
}

/**
 * The check of an update's `urls`: gives them the five names. What is no object, and a name that the mapping does not have,
 * stays as it is, for the check of what they hold. Two URLs for one field are an issue: nobody knows which one is meant.
 */
export function renamedUrlsSchema(mapping: AdoptionMapping): z.ZodType {
  return z.unknown().transform((urls, context) => {
    if (typeof urls !== "object" || urls === null) return urls;
    const renamed = new Map<string, { name: string; url: unknown }>();
    for (const [name, url] of Object.entries(urls) as [string, unknown][]) {
      const field = mapUrlField(name, mapping) ?? name;
      const other = renamed.get(field);
      if (other !== undefined && other.url !== url) {
        const message = `is not the same URL as ${other.name}, but both name ${field}; send one of them`;
        context.addIssue({ code: "custom", path: [name], message });
      }
      renamed.set(field, { name, url });
    }
    return Object.fromEntries([...renamed].map(([field, { url }]) => [field, url]));
  });
}

/** Every document of this backend has these three, and no document before it had. */
function isAdopted(document: OldVideo): boolean {
  return (
    typeof document["statusReported"] === "boolean" &&
    typeof document["statusChangedAt"] === "number" &&
    typeof document["changedAt"] === "number"
  );
}

function readTwitchId(value: unknown): string | null {
  if (typeof value === "number" && Number.isSafeInteger(value)) return parseTwitchId(String(value));
  return typeof value === "string" ? parseTwitchId(value) : null;
}

/** The five names go before their newer ones; what is not taken stays among the fields that nobody documented. */
function readUrls(document: OldVideo, mapping: AdoptionMapping) {
  const urls: Partial<Record<ArtifactUrlField, string>> = {};
  const taken: string[] = [];
  for (const name of [...ARTIFACT_URL_FIELDS, ...Object.keys(mapping.urls)]) {
    const field = mapUrlField(name, mapping);
    const checked = checkInput(artifactUrlSchema, document[name]);
    if (field === null || !checked.ok) continue;
    if (urls[field] !== undefined && urls[field] !== checked.value) continue;
    urls[field] = checked.value;
    taken.push(name);
  }
  return { urls, taken };
}

function isDocumented(field: string, mapping: AdoptionMapping): boolean {
  return field === "title" || mapUrlField(field, mapping) !== null;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
}
