import { VIDEO_STATUSES } from "@klipstream/contract";

const WORDS = ["Downloading", "Processing audio", "Analyzing", "completed", "Ready for retry"];
const WRITERS = 3;

type Answer = { status: string; value?: unknown; errorMessage?: string };

/** Pipelines that know nothing of this backend: plain HTTP, words of their own, and a read after each write. */
export class OldWriters {
  readonly #url: string;
  readonly #twitchIds: readonly string[];
  readonly #last = new Map<string, string>();
  readonly refused: string[] = [];
  readonly invalidReads: string[] = [];
  writes = 0;
  #isRunning = true;
  #mustBeOneOfTheEight = false;
  #running: Promise<void>[] = [];

  constructor(url: string, documents: readonly { twitchId: string }[]) {
    this.#url = url;
    this.#twitchIds = documents.map(({ twitchId }) => twitchId);
  }

  start(): void {
    this.#running = Array.from({ length: WRITERS }, (_, writer) => this.#run(writer));
  }

  /** From now on a status that is none of the eight counts as invalid. */
  expectOneOfTheEight(): void {
    this.#mustBeOneOfTheEight = true;
  }

  /** @returns The last word that was written for each Twitch ID. */
  async stop(): Promise<ReadonlyMap<string, string>> {
    this.#isRunning = false;
    await Promise.all(this.#running);
    return this.#last;
  }

  async writeStatus(twitchId: string, status: string): Promise<void> {
    const answer = await this.#post("mutation", "video:updateStatusByTwitchId", {
      twitchId,
      status,
    });
    if (answer.status === "success") this.#last.set(twitchId, status);
    else this.refused.push(`${twitchId} ${status}: ${answer.errorMessage ?? ""}`);
    this.writes += 1;
  }

  async read(twitchId: string): Promise<Record<string, unknown>> {
    const answer = await this.#post("query", "video:getByTwitchIdPublic", { twitchId });
    return answer.value as Record<string, unknown>;
  }

  /** Each writer has videos of its own, so that what it wrote last is what must stand there. */
  async #run(writer: number): Promise<void> {
    const own = this.#twitchIds.filter((_, index) => index % WRITERS === writer);
    for (let turn = 0; this.#isRunning; turn++) {
      const twitchId = own[(turn * 17) % own.length] ?? "";
      const mustBeOneOfTheEight = this.#mustBeOneOfTheEight;
      await this.writeStatus(twitchId, WORDS[turn % WORDS.length] ?? "");
      const { status, team } = await this.read(twitchId);
      const isKnown = VIDEO_STATUSES.some((known) => known === status);
      if (typeof team !== "string" || (mustBeOneOfTheEight && !isKnown))
        this.invalidReads.push(`${twitchId}: ${JSON.stringify({ status, team })}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #post(kind: string, path: string, args: object): Promise<Answer> {
    const response = await fetch(`${this.#url}/api/${kind}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path, args, format: "json" }),
    });
    return (await response.json()) as Answer;
  }
}
