import { join } from "node:path";

import { OutboxInspector } from "@klipstream/client";
import { DELIVERY_STEPS } from "@klipstream/client/internals";
import type { VideoStatus } from "@klipstream/contract";

import { type Backend, READY_TOKEN_LIVES, readyTokens } from "./backend.ts";
import { FAIR, type FaultProxy, pause, STORM } from "./FaultProxy.ts";
import { Worker } from "./Fleet.ts";
import type { Order } from "./messages.ts";
import { type Mistakes, Oracle } from "./Oracle.ts";
import { Random } from "./random.ts";

export type KillingOptions = {
  backend: Backend;
  proxy: FaultProxy;
  proxyUrl: string;
  script: string;
  folder: string;
  seed: number;
  kills: number;
  updates: number;
  onLog: (line: string) => void;
  onProgress: (line: string) => void;
};

export type KillingResult = {
  kills: number;
  killsAtStep: number;
  accepted: number;
  unknown: number;
  mistakes: Mistakes;
  isBalanced: boolean;
  left: number;
  durationMs: number;
};

/** Processes that share the outbox at any time. */
const WORKERS = 3;
const STATUSES = ["Downloading", "Fetching chat", "Transcribing", "Analyzing"] as const;
/** How long a life lasts that does not end at a step, in milliseconds. */
const LIFE_MS = [5, 400] as const;
/** How long a worker may take to reach the step at which it is to die. */
const STEP_PATIENCE_MS = 1000;
const TELL_EVERY_MS = 10_000;
const STUCK_MS = 120_000;
/** How many kills ahead of their share the updates may be. */
const UPDATES_AHEAD_KILLS = 10;
/** The share of lives in which the disk is full now and then. */
const FULL_DISK_LIVES = 0.2;

/**
 * Several processes report through one outbox in a storm, and are killed: half of them at a random moment, half at a named step. At the
 * end the weather clears, one last process delivers what is left, and the books are compared.
 */
export async function killPipelines(options: KillingOptions): Promise<KillingResult> {
  const { backend, proxy, seed, folder } = options;
  const startedAt = performance.now();
  const run = new Killing(options);
  proxy.weather = STORM;
  let isBalanced: boolean;
  try {
    await run.createVideos();
    await run.run();
    proxy.weather = FAIR;
    isBalanced = await run.deliverTheRest();
  } finally {
    await run.killAll();
  }
  await proxy.calm();
  const mistakes = await run.oracle.findMistakes(backend);
  const inspector = new OutboxInspector({ outboxPath: join(folder, `killing-${seed}.db`) });
  const [stats] = inspector.stats();
  inspector.close();
  const balance = (stats?.acknowledged ?? 0) + (stats?.pending ?? 0) + (stats?.deadLettered ?? 0);
  return {
    kills: run.kills,
    killsAtStep: run.killsAtStep,
    accepted: run.oracle.accepted,
    unknown: run.oracle.unknown,
    mistakes,
    isBalanced: isBalanced && balance === stats?.accepted,
    left: (stats?.pending ?? 0) + (stats?.deadLettered ?? 0),
    durationMs: performance.now() - startedAt,
  };
}

class Killing {
  readonly oracle = new Oracle();
  kills = 0;
  killsAtStep = 0;
  readonly #options: KillingOptions;
  readonly #random: Random;
  readonly #token: () => Promise<string>;
  readonly #lanes: string[];
  readonly #workers: Worker[] = [];
  #lives = 0;
  #spare: Worker;

  constructor(options: KillingOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#token = readyTokens(options.backend);
    const lanes = Math.max(4, Math.min(100, Math.ceil(options.updates / 40)));
    this.#lanes = Array.from({ length: lanes }, (_, lane) => String(10_000 + lane));
    this.#spare = this.#spawn();
  }

  async createVideos(): Promise<void> {
    for (const twitchId of this.#lanes) await this.#options.backend.direct.createVideo(twitchId);
  }

  async run(): Promise<void> {
    await Promise.all([
      ...Array.from({ length: WORKERS }, () => this.#keepOneAlive()),
      ...this.#lanes.map((twitchId) => this.#report(twitchId)),
      this.#tellProgress(),
    ]);
  }

  async killAll(): Promise<void> {
    for (const worker of [...this.#workers, this.#spare]) await worker.kill();
  }

  /** A last process, without faults, delivers what the dead left. */
  async deliverTheRest(): Promise<boolean> {
    const worker = this.#spare;
    await worker.start(this.#plan());
    await worker.finish();
    return worker.isBalanced;
  }

  /** A method: it changes while others run. */
  #isDone(): boolean {
    const { kills, updates } = this.#options;
    return this.kills >= kills && this.oracle.accepted >= updates;
  }

  #spawn(): Worker {
    return new Worker(this.#options.script, this.#options.onLog);
  }

  #plan() {
    const { proxyUrl, backend, folder, seed } = this.#options;
    const outboxPath = join(folder, `killing-${seed}.db`);
    return { url: proxyUrl, apiKey: backend.apiKey, outboxPath, seed: seed + this.#lives };
  }

  async #keepOneAlive(): Promise<void> {
    while (!this.#isDone()) {
      const worker = this.#spare;
      this.#spare = this.#spawn();
      this.#lives += 1;
      await this.#live(worker);
    }
  }

  /** One life, which ends in a kill. Its choices are made before anything happens: they depend on the seed alone. */
  async #live(worker: Worker): Promise<void> {
    const random = this.#random;
    const atStep = random.chance(0.5)
      ? { step: random.pick(DELIVERY_STEPS), times: random.between(1, 5) }
      : undefined;
    const lifeMs = random.between(...LIFE_MS);
    const diskFullShare = random.chance(FULL_DISK_LIVES) ? 0.1 : undefined;
    const apiKey = random.chance(READY_TOKEN_LIVES) ? await this.#token() : undefined;

    const plan = this.#plan();
    await worker.start({
      ...plan,
      apiKey: apiKey ?? plan.apiKey,
      standStillAt: atStep,
      diskFullShare,
    });
    this.#workers.push(worker);
    const endsAt = performance.now() + (atStep === undefined ? lifeMs : STEP_PATIENCE_MS);
    while (!worker.standsStill && performance.now() < endsAt && !this.#isDone()) await pause(2);
    if (worker.isDead) throw new Error("a worker ended by itself; its log says why");
    await worker.kill();
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    this.kills += 1;
    if (worker.standsStill) this.killsAtStep += 1;
  }

  /** Orders the updates of one lane, one after the other: their order is known for certain. */
  async #report(twitchId: string): Promise<void> {
    for (let place = 0; !this.#isDone(); place++) {
      await this.#awaitTurn();
      const worker = await this.#anyWorker();
      if (worker === undefined) return;
      const order = this.#order(twitchId, place);
      const { outcome } = await worker.report(order);
      const isKnown = outcome !== "unknown";
      const isAccepted = isKnown && outcome !== "rejected";
      const verdict = isAccepted ? "accepted" : isKnown ? "rejected" : "unknown";
      this.oracle.note(twitchId, order.updateId, verdict);
      await pause(this.#random.between(0, 60));
    }
  }

  /** Spreads the updates over the kills. */
  async #awaitTurn(): Promise<void> {
    const { kills, updates } = this.#options;
    const share = () => (updates * (this.kills + UPDATES_AHEAD_KILLS)) / kills;
    while (this.oracle.accepted >= share() && !this.#isDone()) await pause(5);
  }

  #order(twitchId: string, place: number): Order {
    const updateId = `${twitchId}-${place}`;
    const url = `https://files.example/${twitchId}/${place}.csv`;
    const status: VideoStatus | undefined = this.#random.chance(0.5)
      ? STATUSES[place % STATUSES.length]
      : undefined;
    return { updateId, twitchId, url, ...(status && { status }) };
  }

  async #anyWorker(): Promise<Worker | undefined> {
    while (!this.#isDone()) {
      const living = this.#workers.filter(({ isDead, standsStill }) => !isDead && !standsStill);
      if (living.length > 0) return this.#random.pick(living);
      await pause(2);
    }
    return undefined;
  }

  async #tellProgress(): Promise<void> {
    const { kills, updates, onProgress } = this.#options;
    let movedAt = performance.now();
    let before = -1;
    while (!this.#isDone()) {
      for (let round = 0; round < TELL_EVERY_MS / 50 && !this.#isDone(); round++) await pause(50);
      onProgress(
        `${this.kills} of ${kills} kills, ${this.oracle.accepted} of ${updates} updates accepted`,
      );
      if (this.kills > before) movedAt = performance.now();
      before = this.kills;
      if (performance.now() - movedAt > STUCK_MS) throw new Error("no kill for two minutes");
    }
  }
}
