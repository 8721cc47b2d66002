import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import {
  accountNameSchema,
  ARTIFACT_URL_FIELDS,
  type ArtifactUrlField,
  type ArtifactUrls,
  artifactUrlSchema,
  checkInput,
  describeIssues,
  parseTwitchId,
  reasonSchema,
  type Scope,
  SCOPES,
  titleSchema,
  VIDEO_STATUSES,
  type VideoStatus,
} from "@klipstream/contract";
import leven from "leven";

/** A Twitch ID from digits, `v123` or any twitch.tv/videos address. */
export function twitchIdArgument(text: string): string {
  const twitchId = parseTwitchId(text);
  if (twitchId !== null) return twitchId;
  throw new InvalidArgumentError(
    "It must be a Twitch ID (2434635255, v2434635255) or the address of a video (https://www.twitch.tv/videos/2434635255).",
  );
}

/** One of the eight statuses, spelt exactly. */
export function statusArgument(text: string): VideoStatus {
  const status = VIDEO_STATUSES.find((known) => known === text);
  if (status !== undefined) return status;
  const known = VIDEO_STATUSES.map((name) => `"${name}"`).join(", ");
  throw new InvalidArgumentError(
    `It is not a status${didYouMean(text, VIDEO_STATUSES)} Use one of ${known}.`,
  );
}

/** Adds one `key=url` to the earlier ones. It serves a repeated option and an argument with several values. */
export function artifactUrlArgument(text: string, before: ArtifactUrls | undefined): ArtifactUrls {
  const separator = text.indexOf("=");
  const field = text.slice(0, Math.max(0, separator));
  const known = ARTIFACT_URL_FIELDS.join(", ");
  if (separator === -1)
    throw new InvalidArgumentError(`It must be key=url, with the key one of ${known}.`);
  if (!isArtifactUrlField(field))
    throw new InvalidArgumentError(
      `"${field}" is not an artifact URL${didYouMean(field, ARTIFACT_URL_FIELDS)} Use one of ${known}.`,
    );
  const checked = checkInput(artifactUrlSchema, text.slice(separator + 1));
  if (!checked.ok)
    throw new InvalidArgumentError(`${field}: the URL ${describeIssues(checked.issues)}.`);
  return { ...before, [field]: checked.value };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A length of time (`90s`, `15m`, `2h`, `30d`) in ms. */
export function durationArgument(text: string): number {
  const [, count, unit] = /^(\d{1,6})(s|m|min|h|d)$/.exec(text.trim()) ?? [];
  const unitMs = UNIT_MS[unit ?? ""];
  if (count === undefined || unitMs === undefined || Number(count) === 0)
    throw new InvalidArgumentError("It must be a length of time such as 90s, 15m, 2h or 30d.");
  return Number(count) * unitMs;
}

/** An option with a length of time that has a default: in ms for the command, as written in the help. */
export function durationOption<Flags extends string>(
  flags: Flags,
  description: string,
  byDefault: string,
) {
  return new Option(flags, description)
    .argParser(durationArgument)
    .default(durationArgument(byDefault), byDefault);
}

/** A whole number from 1 to `most`. */
export function countArgument(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}

function isArtifactUrlField(text: string): text is ArtifactUrlField {
  return (ARTIFACT_URL_FIELDS as readonly string[]).includes(text);
}

/** The issuer of tokens: an https URL, which Convex compares as it is. */
export function issuerArgument(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === "https:") return text.replace(/\/$/, "");
  throw new InvalidArgumentError("It must be an https URL; nothing is ever fetched from it.");
}

/** A service account's name. */
export function accountArgument(text: string): string {
  return checkedText(accountNameSchema, text);
}

/** A key's id: the beginning of its hash. */
export function keyIdArgument(text: string): string {
  if (/^[0-9a-f]{12}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a key's id: 12 hex digits, never the key itself.");
}

/** Scopes in one text, with spaces or commas: `videos:read videos:write`. */
export function scopesArgument(text: string): Scope[] {
  const words = text.split(/[\s,]+/).filter((scope) => scope !== "");
  const unknown = words.find((word) => !isScope(word));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `"${unknown}" is not a scope${didYouMean(unknown, SCOPES)} Use ${SCOPES.join(", ")}, or both.`,
    );
  if (words.length === 0) throw new InvalidArgumentError("It must name at least one scope.");
  return SCOPES.filter((scope) => words.includes(scope));
}

function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** A reason, as the backend keeps it. */
export function reasonArgument(text: string): string {
  return checkedText(reasonSchema, text);
}

/** A video's title. */
export function titleArgument(text: string): string {
  return checkedText(titleSchema, text);
}

function checkedText(schema: typeof reasonSchema, text: string): string {
  const checked = checkInput(schema, text);
  if (checked.ok) return checked.value;
  throw new InvalidArgumentError(`It ${describeIssues(checked.issues)}.`);
}

/** The candidate that was probably meant, or null where none is close. */
function closest(text: string, candidates: readonly string[]): string | null {
  const typed = text.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: leven(typed, candidate.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  const [best] = ranked;
  if (best === undefined) return null;
  const tolerance = Math.max(1, Math.floor(best.candidate.length * 0.4));
  return best.distance <= tolerance ? best.candidate : null;
}

/** `; did you mean "Transcribing"?`, or nothing. */
function didYouMean(text: string, candidates: readonly string[]): string {
  const meant = closest(text, candidates);
  return meant === null ? "" : `; did you mean "${meant}"?`;
}
