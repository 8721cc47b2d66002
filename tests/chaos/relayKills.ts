import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { OutboxInspector } from "@klipstream/client";

import { READY_TOKEN_LIVES, readyTokens } from "./backend.ts";
import { bundleWorker } from "./bundleWorker.ts";
import { FAIR, pause } from "./FaultProxy.ts";
import { Worker } from "./Fleet.ts";
import type { Finding } from "./finding.ts";
import { freePort } from "./KilledBackend.ts";
import { createVideos, LONG_STORM, type Setting } from "./machine.ts";
import { RELAY_STEPS, type RelayPlan } from "./messages.ts";
import { type Mistakes, Oracle } from "./Oracle.ts";
import { Random } from "./random.ts";
import { CallerProcess } from "./CallerProcess.ts";

const CALLERS = 8;
const VIDEOS_PER_CALLER = 2;
/** How long a life lasts that does not end at a step, from when it takes calls, in milliseconds. */
const LIFE_MS = [1, 800] as const;
/** The weather of a life: in one of three the backend cannot be reached at all. */
const WEATHERS = [LONG_STORM, LONG_STORM, { reset: 1 }];
/** How long a relay may take to reach the step at which it is to die. */
const STEP_PATIENCE_MS = 1000;
const DELIVER_MS = 120_000;
const TELL_EVERY_KILLS = 25;

type Options = Setting & { kills: number; onProgress: (line: string) => void };

/**
 * `klipstream relay` is killed under callers in two languages, half of the times at a named step, in a storm. They repeat what was cut off, with the same
 * key. At the end the weather clears, one last relay delivers what is left, and what the callers were answered is compared with what the backend has.
 */
export async function killRelay(options: Options): Promise<Finding[]> {
  const programs = [await bundleWorker("relayProgram.ts"), await bundleWorker("relayCaller.ts")];
  const run = new RelayKilling(options, { program: programs[0]!, port: await freePort() });
  const { commands, languages } = callersOf(programs[1]!, options.onProgress);
  try {
    const twitchIds = await createVideos(options, 60_000, CALLERS * VIDEOS_PER_CALLER);
    run.startCallers(commands, twitchIds);
    while (run.kills < options.kills) await run.live();
    options.proxy.weather = FAIR;
    await run.deliverTheRest();
  } finally {
    await run.killAll();
    for (const program of programs) rmSync(dirname(program), { recursive: true, force: true });
  }
  await options.proxy.calm();
  return findingsOf(run, await run.compare(), languages);
}

type Command = readonly [string, ...string[]];

function callersOf(script: string, onProgress: (line: string) => void) {
  const typescript: Command = [process.execPath, script];
  const python: Command = ["python3", join(import.meta.dirname, "relayCaller.py")];
  const hasPython = spawnSync("python3", ["--version"]).status === 0;
  if (!hasPython) onProgress("no python3 here: all callers of the relay are in TypeScript");
  const commands = Array.from({ length: CALLERS }, (_, at) =>
    hasPython && at % 2 === 0 ? python : typescript,
  );
  return { commands, languages: hasPython ? "Python and TypeScript" : "TypeScript alone" };
}

class RelayKilling {
  readonly oracle = new Oracle();
  kills = 0;
  killsAtStep = 0;
  readonly #options: Options;
  readonly #program: string;
  readonly #port: number;
  readonly #random: Random;
  readonly #token: () => Promise<string>;
  readonly #callers: CallerProcess[] = [];
  #living: Worker<RelayPlan> | undefined;
  #spare: Worker<RelayPlan>;

  constructor(options: Options, { program, port }: { program: string; port: number }) {
    this.#options = options;
    this.#program = program;
    this.#port = port;
    this.#random = new Random(options.seed);
    this.#token = readyTokens(options.backend);
    this.#spare = this.#spawn();
  }

  get repeated(): number {
    return this.#callers.reduce((sum, { repeated }) => sum + repeated, 0);
  }

  startCallers(commands: readonly Command[], twitchIds: readonly string[]): void {
    const url = `http://127.0.0.1:${this.#port}`;
    for (const [at, command] of commands.entries()) {
      const own = twitchIds.slice(at * VIDEOS_PER_CALLER, (at + 1) * VIDEOS_PER_CALLER);
      this.#callers.push(new CallerProcess(command, { url, twitchIds: own, oracle: this.oracle }));
    }
  }

  /** One life, which ends in a kill. */
  async live(): Promise<void> {
    const random = this.#random;
    const atStep = random.chance(0.5)
      ? { step: random.pick(RELAY_STEPS), times: random.between(1, 5) }
      : undefined;
    const lifeMs = random.between(...LIFE_MS);
    const isReady = random.chance(READY_TOKEN_LIVES);
    const apiKey = isReady ? await this.#token() : this.#options.backend.apiKey;

    this.#options.proxy.weather = random.pick(WEATHERS);
    const relay = await this.#start(apiKey, atStep);
    const endsAt = performance.now() + (atStep === undefined ? lifeMs : STEP_PATIENCE_MS);
    while (!relay.standsStill && performance.now() < endsAt) await pause(2);
    if (relay.isDead) throw new Error("a relay ended by itself; its log says why");
    for (const caller of this.#callers) caller.check();
    await relay.kill();
    this.kills += 1;
    if (relay.standsStill) this.killsAtStep += 1;
    const { kills, onProgress } = this.#options;
    if (this.kills % TELL_EVERY_KILLS === 0)
      onProgress(`the relay: ${this.kills} of ${kills} kills, ${this.oracle.accepted} updates`);
  }

  /** A last relay answers the callers' last calls, and delivers what the dead left. */
  async deliverTheRest(): Promise<void> {
    const relay = await this.#start(this.#options.backend.apiKey);
    for (const caller of this.#callers) await caller.finish();
    const endsAt = performance.now() + DELIVER_MS;
    while (this.#stats().pending > 0 && performance.now() < endsAt) await pause(100);
    await relay.finish();
  }

  async killAll(): Promise<void> {
    for (const one of [...this.#callers, this.#spare, this.#living]) await one?.kill();
  }

  async compare(): Promise<Mistakes & { left: number; isBalanced: boolean }> {
    const mistakes = await this.oracle.findMistakes(this.#options.backend);
    const { accepted, acknowledged, pending, deadLettered } = this.#stats();
    const isBalanced = accepted === acknowledged + pending + deadLettered;
    return { ...mistakes, left: pending + deadLettered, isBalanced };
  }

  #stats() {
    const inspector = new OutboxInspector({ outboxPath: this.#outboxPath });
    const [stats] = inspector.stats();
    inspector.close();
    if (stats === undefined) throw new Error("the relay has accepted nothing");
    return stats;
  }

  get #outboxPath(): string {
    return join(this.#options.folder, "relay.db");
  }

  #spawn(): Worker<RelayPlan> {
    return new Worker(this.#program, this.#options.onLog);
  }

  async #start(
    apiKey: string,
    standStillAt?: RelayPlan["standStillAt"],
  ): Promise<Worker<RelayPlan>> {
    const relay = this.#spare;
    this.#living = relay;
    this.#spare = this.#spawn();
    await relay.start({
      args: ["--port", String(this.#port), "--wait", "1s"],
      environment: {
        CONVEX_URL: this.#options.proxyUrl,
        CONVEX_API_KEY: apiKey,
        CONVEX_OUTBOX_PATH: this.#outboxPath,
        LOG_LEVEL: "debug",
      },
      standStillAt,
    });
    return relay;
  }
}

function findingsOf(
  { kills, killsAtStep, oracle, repeated }: RelayKilling,
  {
    lost,
    twice,
    ghosts,
    inversions,
    superseded,
    left,
    isBalanced,
  }: Awaited<ReturnType<RelayKilling["compare"]>>,
  languages: string,
): Finding[] {
  return [
    {
      promise: "what the relay answered is never lost",
      how: `${kills} SIGKILLs of \`klipstream relay\` (${killsAtStep} at a named step), ${CALLERS} callers in ${languages}, ${oracle.accepted} updates answered with success`,
      figure: `${lost.length} lost, ${left} left`,
      kept: lost.length === 0 && left === 0 && isBalanced && oracle.accepted > kills,
    },
    {
      promise: "a call that is repeated is one update",
      how: `${repeated} calls that were cut off or refused, repeated with their Idempotency-Key until they were answered`,
      figure: `${twice.length} applied twice`,
      kept: twice.length === 0 && ghosts.length === 0 && repeated > 0,
    },
    {
      promise: "order per video, through the relay",
      how: `each caller reports of ${VIDEOS_PER_CALLER} videos, by Twitch ID and by \`_id\``,
      figure: `${inversions.length} inversions, ${superseded.length} superseded`,
      kept: inversions.length === 0 && superseded.length === 0,
    },
  ];
}
