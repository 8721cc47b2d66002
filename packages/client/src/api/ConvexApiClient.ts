import type { ConvexHttpClient } from "convex/browser";
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
  OptionalRestArgs,
} from "convex/server";

import type { Credentials } from "../auth/credentials.ts";
import type { ClientOptions } from "../config/options.ts";
import {
  BackendUnavailableError,
  CredentialsRefusedError,
  type KlipstreamError,
  TokenUnavailableError,
} from "../errors.ts";
import { backend } from "./backend.ts";
import { type Connection, connect, type ClientAmbient } from "./connection.ts";
import { within } from "./deadline.ts";
import { type Answer, clientOver, noAnswerYet } from "./exchange.ts";
import { toKlipstreamError } from "./functionErrors.ts";

type Query = FunctionReference<"query">;
type Mutation = FunctionReference<"mutation">;

type Call<Ref extends Query | Mutation> = { ref: Ref; args: FunctionArgs<Ref> };

/** What became of one request. */
export type Attempt<T> =
  | { ok: true; value: T; answer: Answer }
  | {
      ok: false;
      error: KlipstreamError;
      answer: Answer;
      /** Only with refused credentials: whether a fresh token may do better. */
      refreshMayHelp: boolean;
    };

/**
 * The lowest layer: one typed call is one HTTP request, with a deadline, credentials and a typed error. It does not retry.
 *
 * @throws ConfigurationError from the constructor, naming the option.
 */
export class ConvexApiClient {
  readonly #connection: Connection;
  readonly #credentials: Credentials;

  constructor(options?: ClientOptions);
  /** @param ambient - Replaces the clock and the network; for tests. @internal */
  constructor(options?: ClientOptions | Connection, ambient?: ClientAmbient);
  constructor(options: ClientOptions | Connection = {}, ambient: ClientAmbient = {}) {
    this.#connection = isConnection(options) ? options : connect(options, ambient);
    this.#credentials = this.#connection.credentials;
  }

  /** What this client was built from; the layers above share it. @internal */
  get connection(): Connection {
    return this.#connection;
  }

  /** The address of the deployment. */
  get url(): string {
    return this.#connection.url;
  }

  /**
   * Calls a query.
   *
   * @param query - A function reference of the generated API.
   * @throws KlipstreamError of the class that fits.
   */
  async query<Ref extends Query>(
    query: Ref,
    ...args: OptionalRestArgs<Ref>
  ): Promise<FunctionReturnType<Ref>> {
    return unwrap(await this.attemptQuery(query, (args[0] ?? {}) as FunctionArgs<Ref>));
  }

  /**
   * Calls a mutation. It may have happened even when this throws `BackendUnavailableError`.
   *
   * @param mutation - A function reference of the generated API.
   * @throws KlipstreamError of the class that fits.
   */
  async mutation<Ref extends Mutation>(
    mutation: Ref,
    ...args: OptionalRestArgs<Ref>
  ): Promise<FunctionReturnType<Ref>> {
    return unwrap(await this.attemptMutation(mutation, (args[0] ?? {}) as FunctionArgs<Ref>));
  }

  /** `video:getByTwitchIdPublic`: the video, or null. */
  getVideoByTwitchId(args: FunctionArgs<typeof backend.video.getByTwitchIdPublic>) {
    return this.query(backend.video.getByTwitchIdPublic, args);
  }

  /** `video:updateStatus`: by the video's `_id`. */
  updateVideoStatus(args: FunctionArgs<typeof backend.video.updateStatus>) {
    return this.mutation(backend.video.updateStatus, args);
  }

  /** `video:updateStatusByTwitchId`. */
  updateStatusByTwitchId(args: FunctionArgs<typeof backend.video.updateStatusByTwitchId>) {
    return this.mutation(backend.video.updateStatusByTwitchId, args);
  }

  /** `video:updateUrls`. */
  updateVideoUrls(args: FunctionArgs<typeof backend.video.updateUrls>) {
    return this.mutation(backend.video.updateUrls, args);
  }

  /** `video:recordUpdates`: one result per update, in their order. */
  recordUpdates(args: FunctionArgs<typeof backend.video.recordUpdates>) {
    return this.mutation(backend.video.recordUpdates, args);
  }

  /** As `query`, but hands the error back with what is known of the answer. @internal */
  attemptQuery<Ref extends Query>(ref: Ref, args: FunctionArgs<Ref>) {
    return this.#attempt({ ref, args }, (client, call) => client.query(call.ref, call.args));
  }

  /** As `mutation`, but hands the error back with what is known of the answer. @internal */
  attemptMutation<Ref extends Mutation>(ref: Ref, args: FunctionArgs<Ref>) {
    // In the queue of Convex's client one call that hangs would block all others. The outbox keeps the order.
    return this.#attempt({ ref, args }, (client, call) =>
      client.mutation(call.ref, call.args, { skipQueue: true }),
    );
  }

  async #attempt<Ref extends Query | Mutation>(
    call: Call<Ref>,
    run: (client: ConvexHttpClient, call: Call<Ref>) => Promise<FunctionReturnType<Ref>>,
  ): Promise<Attempt<FunctionReturnType<Ref>>> {
    const { clock, earlyEnd, attemptTimeoutMs: timeoutMs, log } = this.#connection;
    const attempt: AttemptState = { answer: noAnswerYet(), serial: undefined };
    const { answer } = attempt;
    try {
      // It covers the token, the request and the whole answer.
      const deadline = { clock, earlyEnd, timeoutMs, late: () => timeoutError(attempt, timeoutMs) };
      const value = await within(deadline, async (signal) => {
        const client = await this.#clientFor(attempt, signal);
        return run(client, call);
      });
      if (attempt.serial !== undefined) this.#credentials.accepted(attempt.serial);
      return { ok: true, value, answer };
    } catch (cause) {
      const error = toKlipstreamError(cause, { answer, redactor: log.redactor });
      const refreshMayHelp =
        error instanceof CredentialsRefusedError &&
        attempt.serial !== undefined &&
        this.#credentials.refused(attempt.serial);
      return { ok: false, error, answer, refreshMayHelp };
    }
  }

  async #clientFor(attempt: AttemptState, signal: AbortSignal): Promise<ConvexHttpClient> {
    const { url, fetch, clock, log } = this.#connection;
    const { token, serial } = await this.#credentials.issue();
    attempt.serial = serial;
    const { answer } = attempt;
    return clientOver(url, { fetch, clock, signal, token, redactor: log.redactor, answer });
  }
}

/** What is known so far of an attempt. `serial` is that of its token, once there is one. */
type AttemptState = { answer: Answer; serial: number | undefined };

function timeoutError({ answer, serial }: AttemptState, timeoutMs: number): KlipstreamError {
  return serial === undefined
    ? new TokenUnavailableError(`no token: the token source did not answer within ${timeoutMs} ms`)
    : new BackendUnavailableError("timeout", `no whole answer within ${timeoutMs} ms`, answer);
}

function isConnection(options: ClientOptions | Connection): options is Connection {
  return "credentials" in options;
}

function unwrap<T>(attempt: Attempt<T>): T {
  if (!attempt.ok) throw attempt.error;
  return attempt.value;
}
