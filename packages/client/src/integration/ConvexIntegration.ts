import { randomUUID } from "node:crypto";

import {
  type ArtifactUrlField,
  type ArtifactUrls,
  artifactUrlsSchema,
  messageSchema,
  percentSchema,
  type Run,
  runSchema,
  titleSchema,
  twitchIdSchema,
  type UpdateMeta,
  updateMetaSchema,
  type VideoStatus,
  videoStatusSchema,
} from "@klipstream/contract";
import { z } from "zod";

import { backend } from "../api/backend.ts";
import type { ClientAmbient, Connection } from "../api/connection.ts";
import { type Attempt, ConvexApiClient } from "../api/ConvexApiClient.ts";
import type { RecordedResult, Video, VideoId } from "../api/publicFunctions.ts";
import type { ClientOptions } from "../config/options.ts";
import { classify, SERVER_ERROR_RETRIES } from "../retry/classify.ts";
import { delayFor } from "../retry/delay.ts";
import { retry } from "../retry/retry.ts";
import { parseInput } from "./parseInput.ts";

export type { RecordedResult, Video, VideoId };

/** No call of an integration starts another attempt later than this, in milliseconds. */
export const CALL_DEADLINE_MS = 30_000;

const HISTORY_PAGE_SIZE = 50;

/**
 * The middle layer: the domain's verbs, with checked input and retries within 30 s. A write without an `updateId` gets one before the
 * first attempt, so that all its attempts are one update.
 *
 * @throws ConfigurationError from the constructor; from every method `InvalidInputError` before anything is sent, else the error of
 *   the last attempt.
 */
export class ConvexIntegration {
  readonly #api: ConvexApiClient;
  readonly #connection: Connection;

  constructor(client?: ConvexApiClient | ClientOptions);
  /** @param ambient - Replaces the clock and the network; for tests. @internal */
  constructor(client?: ConvexApiClient | ClientOptions, ambient?: ClientAmbient);
  constructor(client: ConvexApiClient | ClientOptions = {}, ambient: ClientAmbient = {}) {
    this.#api = client instanceof ConvexApiClient ? client : new ConvexApiClient(client, ambient);
    this.#connection = this.#api.connection;
  }

  /** The video, or null when the backend has none with this Twitch ID. */
  async getVideo(twitchId: string): Promise<Video | null> {
    const args = parseInput(z.object({ twitchId: twitchIdSchema }), { twitchId });
    return this.#call(() => this.#api.attemptQuery(backend.video.getByTwitchIdPublic, args));
  }

  /** Sets the status of the video with this `_id`. */
  async updateStatus(
    id: VideoId,
    status: VideoStatus,
    meta: UpdateMeta = {},
  ): Promise<RecordedResult> {
    const checked = parseInput(updateMetaSchema.extend({ status: videoStatusSchema }), {
      ...withUpdateId(meta),
      status,
    });
    return this.#call(() =>
      this.#api.attemptMutation(backend.video.updateStatus, { ...checked, id }),
    );
  }

  /** Sets the status of the video with this Twitch ID. */
  async updateStatusByTwitchId(
    twitchId: string,
    status: VideoStatus,
    meta: UpdateMeta = {},
  ): Promise<RecordedResult> {
    const schema = updateMetaSchema.extend({ twitchId: twitchIdSchema, status: videoStatusSchema });
    const args = parseInput(schema, { ...withUpdateId(meta), twitchId, status });
    return this.#call(() => this.#api.attemptMutation(backend.video.updateStatusByTwitchId, args));
  }

  /** Sets some of the artifact URLs. */
  async updateUrls(
    twitchId: string,
    urls: ArtifactUrls,
    meta: UpdateMeta = {},
  ): Promise<RecordedResult> {
    const schema = updateMetaSchema.extend({ twitchId: twitchIdSchema, urls: artifactUrlsSchema });
    const args = parseInput(schema, { ...withUpdateId(meta), twitchId, urls });
    return this.#call(() => this.#api.attemptMutation(backend.video.updateUrls, args));
  }

  updateTranscriptUrl(twitchId: string, url: string, meta?: UpdateMeta): Promise<RecordedResult> {
    return this.updateUrls(twitchId, { transcriptUrl: url }, meta);
  }

  updateChatUrl(twitchId: string, url: string, meta?: UpdateMeta): Promise<RecordedResult> {
    return this.updateUrls(twitchId, { chatUrl: url }, meta);
  }

  updateAudiowaveUrl(twitchId: string, url: string, meta?: UpdateMeta): Promise<RecordedResult> {
    return this.updateUrls(twitchId, { audiowaveUrl: url }, meta);
  }

  updateTranscriptAnalysisUrl(
    twitchId: string,
    url: string,
    meta?: UpdateMeta,
  ): Promise<RecordedResult> {
    return this.updateUrls(twitchId, { transcriptAnalysisUrl: url }, meta);
  }

  updateTranscriptWordUrl(
    twitchId: string,
    url: string,
    meta?: UpdateMeta,
  ): Promise<RecordedResult> {
    return this.updateUrls(twitchId, { transcriptWordUrl: url }, meta);
  }

  /** Sets all five artifact URLs in one transaction. */
  updateAllUrls(
    twitchId: string,
    urls: Record<ArtifactUrlField, string>,
    meta?: UpdateMeta,
  ): Promise<RecordedResult> {
    return this.updateUrls(twitchId, urls, meta);
  }

  /** Creates the video; one that is there already is left as it is (`created: false`). */
  async createVideo(twitchId: string, options: { title?: string } = {}) {
    const schema = z.strictObject({ twitchId: twitchIdSchema, title: titleSchema.optional() });
    const args = parseInput(schema, { ...options, twitchId });
    return this.#call(() => this.#api.attemptMutation(backend.video.create, args));
  }

  /** Undoes the last status change of the video's current run. */
  async rollbackStatus(twitchId: string, meta: UpdateMeta = {}) {
    const schema = updateMetaSchema.extend({ twitchId: twitchIdSchema });
    const args = parseInput(schema, { ...withUpdateId(meta), twitchId });
    return this.#call(() => this.#api.attemptMutation(backend.video.rollbackStatus, args));
  }

  /** Reports how much of the current stage is done, 0 to 100. */
  async reportProgress(
    twitchId: string,
    percent: number,
    options: { message?: string; run?: Run } = {},
  ): Promise<void> {
    const schema = z.strictObject({
      twitchId: twitchIdSchema,
      percent: percentSchema,
      message: messageSchema.optional(),
      run: runSchema.optional(),
    });
    const args = parseInput(schema, { ...options, twitchId, percent });
    await this.#call(() => this.#api.attemptMutation(backend.video.reportProgress, args));
  }

  /**
   * A page of the video's events, newest first.
   *
   * @param options.cursor - `continueCursor` of the page before; the first page when absent.
   * @param options.pageSize - Most events on the page. Default: 50.
   */
  async history(twitchId: string, options: { cursor?: string; pageSize?: number } = {}) {
    const { twitchId: checked } = parseInput(z.object({ twitchId: twitchIdSchema }), { twitchId });
    const { cursor = null, pageSize = HISTORY_PAGE_SIZE } = options;
    const args = { twitchId: checked, paginationOpts: { cursor, numItems: pageSize } };
    return this.#call(() => this.#api.attemptQuery(backend.video.history, args));
  }

  #call<T>(attempt: () => Promise<Attempt<T>>): Promise<T> {
    const { clock, retry: policy, random } = this.#connection;
    let refreshMayHelp = false;
    const run = async () => {
      const result = await attempt();
      if (result.ok) return result.value;
      ({ refreshMayHelp } = result);
      throw result.error;
    };
    const next = (error: unknown, failures: number): number | null => {
      const verdict = classify(error);
      if (verdict.action === "giveUp" || verdict.action === "giveUpIfAlone") return null;
      if (verdict.action === "refreshCredentials") return refreshMayHelp ? 0 : null;
      if (verdict.action === "retryFew" && failures > SERVER_ERROR_RETRIES) return null;
      const asked = verdict.action === "retry" ? verdict.retryAfterMs : undefined;
      return Math.max(asked ?? 0, delayFor(failures, policy, random));
    };
    return retry(run, { clock, deadline: clock.monotonic() + CALL_DEADLINE_MS, next });
  }
}

function withUpdateId(meta: UpdateMeta): UpdateMeta {
  return { ...meta, updateId: meta.updateId ?? randomUUID() };
}
