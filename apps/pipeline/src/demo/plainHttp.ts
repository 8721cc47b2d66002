import {
  ARTIFACT_URL_FIELDS,
  type ArtifactUrlField,
  videoStatusSchema,
} from "@klipstream/contract";
import { z } from "zod";

const PAGE_SIZE = 50;

const urls = Object.fromEntries(
  ARTIFACT_URL_FIELDS.map((field) => [field, z.string().optional()]),
) as Record<ArtifactUrlField, z.ZodOptional<z.ZodString>>;

const videoSchema = z.looseObject({ status: videoStatusSchema, ...urls }).nullable();

const eventSchema = z.looseObject({
  kind: z.enum(["created", "updated", "rolledBack"]),
  updateId: z.string().optional(),
  to: videoStatusSchema.optional(),
  urls: z.unknown().optional(),
  applied: z.boolean(),
  actor: z.string(),
});

const pageSchema = z.object({
  page: z.array(eventSchema),
  isDone: z.boolean(),
  continueCursor: z.string(),
});

const tokenSchema = z.looseObject({ token: z.string() });

const answerSchema = z.discriminatedUnion("status", [
  z.looseObject({ status: z.literal("success"), value: z.unknown() }),
  z.looseObject({ status: z.literal("error"), errorMessage: z.string() }),
]);

export type StoredVideo = NonNullable<z.infer<typeof videoSchema>>;
export type StoredEvent = z.infer<typeof eventSchema>;

/**
 * The backend over its plain HTTP API. It shares no code with the client that the pipelines write through, so that the
 * two cannot be wrong together.
 */
export class PlainHttpBackend {
  readonly #url: string;
  readonly #key: string;

  /** @param key - Of an account with the scopes `videos:read` and `videos:write`. */
  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async createVideo(twitchId: string, title: string | null): Promise<void> {
    await this.#call("mutation", "video:create", { twitchId, ...(title !== null && { title }) });
  }

  async readVideo(twitchId: string): Promise<StoredVideo | null> {
    return videoSchema.parse(await this.#call("query", "video:getByTwitchIdPublic", { twitchId }));
  }

  /** @returns Every event of the video, the oldest first. */
  async readHistory(twitchId: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    let cursor: string | null = null;
    for (;;) {
      const paginationOpts = { numItems: PAGE_SIZE, cursor };
      const answer = await this.#call("query", "video:history", { twitchId, paginationOpts });
      const { page, isDone, continueCursor } = pageSchema.parse(answer);
      events.push(...page);
      if (isDone) return events.reverse();
      cursor = continueCursor;
    }
  }

  async #call(
    kind: "query" | "mutation",
    path: string,
    args: Record<string, unknown>,
  ): Promise<unknown> {
    // One for each call: a demo can last longer than a token lives.
    const key = this.#key;
    const exchanged = await this.#post("action", { path: "accessTokens:exchange", args: { key } });
    const { token } = tokenSchema.parse(exchanged);
    return await this.#post(kind, { path, args }, { authorization: `Bearer ${token}` });
  }

  async #post(
    kind: "query" | "mutation" | "action",
    request: { path: string; args: Record<string, unknown> },
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/${kind}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ ...request, format: "json" }),
    });
    const answer = answerSchema.parse(await response.json());
    if (answer.status === "error") throw new Error(`${request.path}: ${answer.errorMessage}`);
    return answer.value;
  }
}
