import { zodToConvex } from "convex-helpers/server/zod4";
import { z } from "zod";

import { ARTIFACT_URL_FIELDS, type ArtifactUrlField } from "./artifactUrlFields.ts";

/** What an artifact URL may start with: the web, and the object stores that KlipStream writes to. */
export const ARTIFACT_URL_SCHEMES = ["https", "gs", "s3", "http"] as const;

export const ARTIFACT_URL_MAX_LENGTH = 2048;

/** One artifact URL: public and rendered as a link, hence the closed list of schemes and no credentials. */
export const artifactUrlSchema = z
  .string()
  .max(ARTIFACT_URL_MAX_LENGTH, `must be at most ${ARTIFACT_URL_MAX_LENGTH} characters`)
  .superRefine((text, context) => {
    const problem = findProblem(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });

const optionalUrl = artifactUrlSchema.optional();

/** The five fields, each optional: what a video document holds. */
export const artifactUrlFieldsSchema = z.strictObject(
  Object.fromEntries(ARTIFACT_URL_FIELDS.map((field) => [field, optionalUrl])) as Record<
    ArtifactUrlField,
    typeof optionalUrl
  >,
);

/** The URLs of an update: at least one of the five. */
export const artifactUrlsSchema = artifactUrlFieldsSchema.refine(
  (urls) => ARTIFACT_URL_FIELDS.some((field) => urls[field] !== undefined),
  `must hold at least one of ${ARTIFACT_URL_FIELDS.join(", ")}`,
);

export type ArtifactUrls = z.infer<typeof artifactUrlsSchema>;

export const vArtifactUrls = zodToConvex(artifactUrlFieldsSchema);

/** Never repeats the URL: one with credentials in it would end up in a log. */
function findProblem(text: string): string | null {
  // The URL parser silently drops white space and control characters.
  // eslint-disable-next-line no-control-regex
  if (/[\s\u0000-\u001f\u007f]/.test(text)) return "must not contain spaces or control characters";
  const schemes = ARTIFACT_URL_SCHEMES.map((scheme) => `${scheme}://`);
  const known = schemes.some((scheme) => text.toLowerCase().startsWith(scheme));
  if (!known || !URL.canParse(text))
    return `must be a full URL that starts with ${schemes.join(", ")}`;
  const url = new URL(text);
  if (url.host === "") return "must name a host or bucket";
  if (url.username !== "" || url.password !== "") return "must not contain a user name or password";
  return null;
}
