import { artifactUrlSchema, runSchema, videoStatusSchema } from "@klipstream/contract";
import { z } from "zod";

/** What the pipeline's own environment variables say; those of the client are the client's business. */
const settingsSchema = z.object({
  /** The artifact store's folder. */
  ARTIFACT_DIR: z.string().min(1).default("artifacts"),
  /** Where that folder is served. */
  ARTIFACT_BASE_URL: artifactUrlSchema,
  /** The run to continue, as JSON: both parts of a pipeline report as one run when they are given the same. */
  PIPELINE_RUN: z
    .string()
    .transform((text, context) => parseJson(text) ?? context.addIssue("must be JSON"))
    .pipe(runSchema)
    .optional(),
  /** A status whose stage fails once: for demonstrations. */
  PIPELINE_FAIL_ONCE: videoStatusSchema.optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

/** An environment variable is missing or wrong. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** @throws SettingsError that names the first variable that is wrong. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const parsed = settingsSchema.safeParse(env);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  const why = env[name] === undefined ? "is not set" : (issue?.message ?? "is wrong");
  throw new SettingsError(`${name} ${why}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
