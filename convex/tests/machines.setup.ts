import type { Update, UpdateMeta, VideoStatus } from "@klipstream/contract";
import { ConvexError } from "convex/values";
import { vi } from "vitest";

import { api } from "../_generated/api";
import { createVideo, startBackend, stored, TWITCH_ID } from "./testing.setup";

// Two dots in the name: Convex does not deploy this file.

/** A request is under way at most this long, if it arrives at all. Copies of one that arrived may come at any time. */
export const MAX_DELAY_MS = 1_000;

/** Between what two machines do: further apart than a request can be under way, so that ages must tell. */
const APART_MS = 2 * MAX_DELAY_MS;

const START = Date.UTC(2026, 0, 1);

export type Change =
  { status: VideoStatus } | { urls: { chatUrl: string } } | { rollBack: true; reason: string };

/** A machine's clock: how wrong it is at first, and how much it gains in a second. */
export type ClockFault = { aheadMs: number; drift: number };

/** What a machine says of time: ages since it took an update, or, as it was once done, times on its own clock. */
export type Way = "ages" | "clocks";

export type Step =
  | { do: "accept"; machine: number; change: Change; atOnce: boolean }
  | { do: "send"; machine: number; delayMs: number; fate: "answered" | "answer lost" | "lost" }
  | { do: "copy"; index: number }
  | { do: "give up"; machine: number }
  | { do: "redrive"; machine: number }
  | { do: "start over"; machine: number }
  | { do: "jump"; machine: number; byMs: number }
  | { do: "wait"; ms: number };

type MachineStep = Extract<Step, { machine: number }>;

type Entry = {
  machine: Machine;
  sequence: number;
  change: Change;
  acceptedAt: { wall: number; monotonic: number; real: number };
  run: KnownRun;
  runAgeMs: number;
};

type KnownRun = { id: string; startedAt: number; really: number };

type Request = { entry: Entry; args: UpdateMeta; arrivesAt: number; answered: boolean };

/** A pipeline's machine with its outbox: one request at a time, in order, again until it is answered. */
class Machine {
  readonly id: string;
  readonly pending: Entry[] = [];
  readonly deadLetters: Entry[] = [];
  readonly #clock: ClockFault;
  readonly #way: Way;
  #run: (KnownRun & { startedAtMonotonic: number | null }) | null = null;
  #runs = 0;
  #accepted = 0;
  #last = 0;

  constructor(id: string, { clock, way }: { clock: ClockFault; way: Way }) {
    this.id = id;
    this.#clock = { ...clock };
    this.#way = way;
  }

  get run(): KnownRun | null {
    return this.#run;
  }

  /** Takes part in another machine's run, of which it learns only the name and a time on that machine's clock. */
  join(run: KnownRun): void {
    this.#run ??= { ...run, startedAtMonotonic: null };
  }

  /** The next that it reports is of a run of its own that starts then. */
  startOver(): void {
    this.#run = null;
  }

  jump(byMs: number): void {
    this.#clock.aheadMs += byMs;
  }

  accept(change: Change): void {
    const [wall, monotonic, real] = [this.#wall(), this.#monotonic(), Date.now()];
    this.#run ??= {
      ...{ id: `run ${++this.#runs} of ${this.id}`, startedAt: wall, really: real },
      startedAtMonotonic: monotonic,
    };
    const { startedAt, startedAtMonotonic } = this.#run;
    this.#last = Math.max(this.#last + 1, wall);
    this.pending.push({
      ...{ machine: this, sequence: ++this.#accepted, change, run: this.#run },
      acceptedAt: { wall: this.#last, monotonic, real },
      runAgeMs:
        startedAtMonotonic === null
          ? Math.max(0, wall - startedAt)
          : monotonic - startedAtMonotonic,
    });
  }

  /** What a request that is sent now says of an entry. */
  describe({ sequence, acceptedAt, run, runAgeMs }: Entry): UpdateMeta {
    const updateId = `${this.id} ${sequence}`;
    if (this.#way === "clocks")
      return {
        ...{ updateId, occurredAt: acceptedAt.wall },
        run: { id: run.id, startedAt: run.startedAt },
      };
    const ageMs = this.#monotonic() - acceptedAt.monotonic;
    return {
      ...{ updateId, ageMs, source: { id: this.id, sequence } },
      run: { id: run.id, ageMs: runAgeMs + ageMs },
    };
  }

  #wall(): number {
    return Math.max(0, Date.now() + this.#clock.aheadMs + this.#drift());
  }

  #monotonic(): number {
    return Date.now() - START + this.#drift();
  }

  #drift(): number {
    return (Date.now() - START) * this.#clock.drift;
  }
}

/** Whether the backend went on to ask which run it was. */
function isHeard({ inOrder, refused }: { inOrder: boolean; refused: boolean }): boolean {
  return inOrder && !refused;
}

/** Several machines, a network that loses, delays and repeats, and the real backend, whose clock is right. */
export class World {
  /** Each promise that was broken, in words. */
  readonly broken: string[] = [];
  readonly #machines: Machine[];
  readonly #joins: number;
  readonly #underWay: Request[] = [];
  readonly #arrived: Request[] = [];
  readonly #decided = new Map<Entry, { inOrder: boolean; refused: boolean }>();
  readonly #lastEffect = new Map<Machine, number>();
  readonly #backend = startBackend();
  #lastToAccept: Machine | null = null;
  #video: Awaited<ReturnType<typeof stored>> | null = null;

  /**
   * @param setting.joins - Whose run the last machine takes part in, once that run has been heard of; the others have runs of
   *   their own.
   */
  constructor(setting: { clocks: readonly ClockFault[]; joins: number; way: Way }) {
    const { clocks, joins, way } = setting;
    this.#machines = clocks.map((clock, index) => new Machine(`machine ${index}`, { clock, way }));
    this.#joins = joins;
  }

  async live(steps: readonly Step[]): Promise<void> {
    vi.setSystemTime(START);
    await createVideo(this.#backend.pipeline);
    this.#video = await stored(this.#backend.t);
    for (const step of steps) await this.#take(step);
    await this.#deliverAll();
    this.#checkEnd();
  }

  async #take(step: Step): Promise<void> {
    if (step.do === "wait") await this.#pass(step.ms);
    else if (step.do === "copy") await this.#copy(step.index);
    else await this.#takeBy(this.#machines[step.machine], step);
  }

  async #takeBy(machine: Machine | undefined, step: MachineStep): Promise<void> {
    if (machine === undefined) return;
    if (step.do === "accept") await this.#accept(machine, step);
    if (step.do === "send") this.#send(machine, step);
    if (step.do === "jump") machine.jump(step.byMs);
    if (step.do === "start over") await this.#startOver(machine);
    if (step.do === "give up") machine.deadLetters.push(...machine.pending.splice(0, 1));
    if (step.do !== "redrive") return;
    machine.pending.push(...machine.deadLetters.splice(0));
    machine.pending.sort((a, b) => a.sequence - b.sequence);
  }

  async #startOver(machine: Machine): Promise<void> {
    if (machine === this.#machines.at(-1)) return;
    await this.#pass(1);
    machine.startOver();
  }

  async #accept(machine: Machine, { change, atOnce }: Step & { do: "accept" }): Promise<void> {
    if (machine.run === null && machine === this.#machines.at(-1)) {
      const first = [...this.#decided].find(
        ([entry, decided]) => entry.machine === this.#machines[this.#joins] && isHeard(decided),
      );
      if (first === undefined) return;
      machine.join(first[0].run);
    }
    if (!atOnce || machine !== this.#lastToAccept) await this.#pass(APART_MS);
    this.#lastToAccept = machine;
    // A run is heard of by an update: a rollback that finds nothing says nothing of it.
    machine.accept(
      machine.run === null && "rollBack" in change ? { status: "Downloading" } : change,
    );
  }

  #send(machine: Machine, { delayMs, fate }: Step & { do: "send" }): void {
    const entry = machine.pending[0];
    if (entry === undefined || fate === "lost") return;
    this.#underWay.push({
      ...{ entry, args: machine.describe(entry), answered: fate === "answered" },
      arrivesAt: Date.now() + delayMs,
    });
    this.#underWay.sort((a, b) => a.arrivesAt - b.arrivesAt);
  }

  async #copy(index: number): Promise<void> {
    const request = this.#arrived[index % Math.max(1, this.#arrived.length)];
    if (request !== undefined) await this.#arrive({ ...request, answered: false });
  }

  async #pass(ms: number): Promise<void> {
    const until = Date.now() + ms;
    const isDue = ({ arrivesAt }: Request) => arrivesAt <= until;
    for (let next = this.#underWay[0]; next !== undefined && isDue(next);) {
      this.#underWay.shift();
      vi.setSystemTime(next.arrivesAt);
      await this.#arrive(next);
      next = this.#underWay[0];
    }
    vi.setSystemTime(until);
  }

  async #arrive(request: Request): Promise<void> {
    const { entry, args, answered } = request;
    const { machine, sequence } = entry;
    const known = this.#decided.get(entry);
    const inOrder = ![...this.#decided.keys()].some(
      (other) => other.machine === machine && other.sequence > sequence,
    );
    const before = this.#video;
    const refused = await this.#call(entry.change, args);
    this.#video = await stored(this.#backend.t);
    const changed = JSON.stringify(before) !== JSON.stringify(this.#video);
    if (changed && known !== undefined)
      this.broken.push(`twice: ${machine.id} ${sequence} had been decided`);
    if (changed && sequence < (this.#lastEffect.get(machine) ?? 0))
      this.broken.push(`order: ${machine.id} ${sequence} came after what followed it`);
    if (changed) this.#lastEffect.set(machine, sequence);
    if (known === undefined) this.#decided.set(entry, { inOrder, refused });
    this.#arrived.push(request);
    const place = machine.pending.indexOf(entry);
    if (!answered || place < 0) return;
    machine.pending.splice(place, 1);
    if (refused) machine.deadLetters.push(entry);
  }

  async #call(change: Change, meta: UpdateMeta): Promise<boolean> {
    const { pipeline } = this.#backend;
    const twitchId = TWITCH_ID;
    try {
      if (!("rollBack" in change)) {
        const updates: Update[] = [{ twitchId, ...change, ...meta }];
        const [result] = await pipeline.mutation(api.video.recordUpdates, { updates });
        return result?.success !== true;
      }
      const args = { twitchId, ...meta, reason: change.reason };
      const result: { success: boolean } = await pipeline.mutation(api.video.rollbackStatus, args);
      return !result.success;
    } catch (error) {
      if (error instanceof ConvexError) return true;
      throw error;
    }
  }

  async #deliverAll(): Promise<void> {
    await this.#pass(MAX_DELAY_MS);
    for (const machine of this.#machines)
      while (machine.pending.length > 0) {
        this.#send(machine, { do: "send", machine: 0, delayMs: 1, fate: "answered" });
        await this.#pass(1);
      }
    for (let index = this.#arrived.length - 1; index >= 0; index -= 1) await this.#copy(index);
  }

  #checkEnd(): void {
    const heard = [...this.#decided].filter(([, decided]) => isHeard(decided));
    const runs = heard.map(([{ run }]) => run).sort((a, b) => a.really - b.really);
    const newest = runs.at(-1);
    if (this.#video?.run?.id !== newest?.id)
      this.broken.push(`run: ${this.#video?.run?.id} stands, though ${newest?.id} started last`);
    const lasting = heard
      .filter(([{ run }]) => run.id === newest?.id)
      .map(([entry]) => entry)
      .sort((a, b) => a.acceptedAt.real - b.acceptedAt.real || a.sequence - b.sequence)
      .map(({ change }) => change);
    const end = lasting.findLast((change) => !("urls" in change));
    if (end !== undefined && "status" in end && this.#video?.status !== end.status)
      this.broken.push(`end: ${this.#video?.status} stands, though ${end.status} was last`);
    const url = lasting.findLast((change) => "urls" in change)?.urls.chatUrl;
    if (url !== undefined && this.#video?.chatUrl !== url)
      this.broken.push(`end: ${this.#video?.chatUrl} stands, though ${url} was last`);
  }
}
