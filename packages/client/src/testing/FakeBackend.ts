import type { UpdateOutcome } from "@klipstream/contract";

/** What the fake does with one request, instead of answering it. */
export type Fault =
  | "refuse"
  | "hang"
  | "cutAfterCommit"
  | { status: number; body?: string; headers?: Record<string, string> }
  | { functionError: string }
  | { errorData: { code: string; message: string } };

export type Received = {
  path: string;
  args: Record<string, unknown>;
  authorization: string | null;
};

/** How long its tokens live. */
export const TOKEN_LIFETIME_MS = 600_000;

type SentUpdate = { twitchId: string; updateId: string; status?: string; urls?: object };

/**
 * A backend in memory behind a `fetch`: enough of file `video.ts` to see what was sent, in which order and how often. It knows no rules but
 * deduplication; tests of the rules run against the local deployment.
 */
export class FakeBackend {
  readonly requests: Received[] = [];
  /** The updates that took effect, in order. */
  readonly applied: SentUpdate[] = [];
  /** Videos that it does not know. */
  readonly unknown = new Set<string>();
  /** How many keys were exchanged; the tokens are token-1, token-2, ... */
  exchanges = 0;
  /** Most requests that were under way at the same time. */
  maxConcurrent = 0;
  /** Called for each request; the answer is given when it resolves. */
  onRequest: (request: Received, count: number) => Fault | undefined | Promise<Fault | undefined> =
    () => undefined;
  readonly #seen = new Set<string>();
  #underWay = 0;

  readonly fetch: typeof globalThis.fetch = async (_input, init) => {
    const body = JSON.parse(init?.body as string) as { path: string; args: [Received["args"]] };
    const authorization = new Headers(init?.headers).get("authorization");
    const request = { path: body.path, args: body.args[0], authorization };
    this.requests.push(request);
    this.#underWay += 1;
    this.maxConcurrent = Math.max(this.maxConcurrent, this.#underWay);
    try {
      const fault = await this.onRequest(request, this.requests.length);
      return await this.#answer(request, fault, init?.signal ?? null);
    } finally {
      this.#underWay -= 1;
    }
  };

  /** The Twitch IDs and update ids of what took effect, in order. */
  get order(): string[] {
    return this.applied.map(({ twitchId, updateId }) => `${twitchId}/${updateId}`);
  }

  async #answer(
    request: Received,
    fault: Fault | undefined,
    signal: AbortSignal | null,
  ): Promise<Response> {
    if (fault === "refuse")
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    if (fault === "hang")
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    if (fault === "cutAfterCommit") {
      this.#run(request);
      throw new TypeError("terminated", { cause: new Error("other side closed") });
    }
    if (fault !== undefined && "status" in fault)
      return new Response(fault.body ?? "", {
        status: fault.status,
        headers: fault.headers ?? {},
      });
    if (fault !== undefined && "functionError" in fault)
      return json({ status: "error", errorMessage: fault.functionError });
    if (fault !== undefined)
      return json({ status: "error", errorMessage: "refused", errorData: fault.errorData });
    return this.#run(request);
  }

  #run({ path, args }: Received): Response {
    if (path === "accessTokens:exchange")
      return json({ status: "success", value: this.#exchange() });
    if (path === "video:recordUpdates")
      return json({
        status: "success",
        value: (args.updates as SentUpdate[]).map((update) =>
          this.#record(update, args.createMissing === true),
        ),
      });
    if (path === "video:getByTwitchIdPublic" || path === "video:reportProgress")
      return json({ status: "success", value: null });
    const result = this.#record(args as SentUpdate, false);
    if (result.success) return json({ status: "success", value: result });
    const { code, message } = result;
    return json({ status: "error", errorMessage: code, errorData: { code, message } });
  }

  #exchange() {
    this.exchanges += 1;
    return { token: `token-${this.exchanges}`, lifetimeMs: TOKEN_LIFETIME_MS };
  }

  #record(update: SentUpdate, createMissing: boolean) {
    const { twitchId, updateId } = update;
    if (twitchId === "")
      return { success: false as const, code: "INVALID_ARGUMENT", message: "no Twitch ID" };
    if (this.unknown.has(twitchId) && !createMissing)
      return { success: false as const, code: "VIDEO_NOT_FOUND", message: "no such video" };
    const outcome: UpdateOutcome = this.#seen.has(updateId) ? "duplicate" : "applied";
    this.#seen.add(updateId);
    if (outcome === "applied") this.applied.push(update);
    return { success: true as const, videoId: "v1", twitchId, status: "Queued", outcome };
  }
}

function json(body: unknown): Response {
  return new Response(JSON.stringify(body), { status: 200 });
}

/** How many updates a request carries. */
export function sizeOf({ path, args }: Received): number {
  return path === "video:recordUpdates" ? (args.updates as unknown[]).length : 1;
}

/** The Twitch IDs of the updates that a request carries. */
export function lanesOf({ path, args }: Received): string[] {
  const updates = path === "video:recordUpdates" ? args.updates : [args];
  return (updates as { twitchId: string }[]).map(({ twitchId }) => twitchId);
}
