import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { startLocalDeployment } from "@klipstream/local-deployment";

import type { DemoKeys } from "./demoBackend.ts";
import type { VodRun } from "./runVod.ts";

/** What a demo that is started again in its folder has to know of the one before. */
export type KeptState = {
  /** The ports go on being the same: artifact URLs are stored with theirs. */
  ports: { deployment: number; artifacts: number };
  adminKey: string;
  keys: DemoKeys;
  /** What the pipelines that came to their end said, by Twitch ID. */
  runs: Record<string, VodRun>;
};

const FILE = "demo.json";
const UNFINISHED_FILE = `${FILE}.unfinished`;

/** The folder of a demo that is kept from one start to the next, for this user only. */
export class KeptDemo {
  /** Absolute: the pipelines run in it. */
  readonly folder: string;
  #state: KeptState | null = null;
  #saving: Promise<void> = Promise.resolve();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Opens a folder; what is in it of a demo that did not get as far as to have its keys is removed.
   *
   * @throws Error if the folder holds something else; DataFileError if another demo runs in it.
   */
  static async open(folder: string): Promise<KeptDemo> {
    const kept = new KeptDemo(resolve(folder));
    await mkdir(kept.folder, { recursive: true, mode: 0o700 });
    const state = await readState(join(kept.folder, FILE));
    if (state === undefined) await kept.#begin();
    else if (state === null) await kept.#removeUnfinished();
    else kept.#state = state;
    return kept;
  }

  get dataFolder(): string {
    return join(this.folder, "data");
  }

  /** Null until the first `save`. */
  get state(): KeptState | null {
    return this.#state;
  }

  /** How its deployment was reached before, or null. */
  get reachedAt(): { port: number; adminKey: string } | null {
    if (this.#state === null) return null;
    return { port: this.#state.ports.deployment, adminKey: this.#state.adminKey };
  }

  save(state: KeptState): Promise<void> {
    this.#state = state;
    const write = () => this.#write(this.#state);
    // One after the other: VODs that end together would write one file.
    this.#saving = this.#saving.then(write, write);
    return this.#saving;
  }

  async saveRun(twitchId: string, run: VodRun): Promise<void> {
    if (this.#state === null) return;
    await this.save({ ...this.#state, runs: { ...this.#state.runs, [twitchId]: run } });
  }

  /** Marks the folder as a demo's, before there is anything in it that could be removed. */
  async #begin(): Promise<void> {
    const others = (await readdir(this.folder)).filter((name) => name !== UNFINISHED_FILE);
    if (others.length > 0)
      throw new Error(
        `${this.folder} holds ${others.slice(0, 3).join(", ")}, and no demo; give --keep a folder of its own`,
      );
    await this.#write(null);
  }

  async #removeUnfinished(): Promise<void> {
    // It can be opened only if nobody else works with it.
    await (await startLocalDeployment({ dataFolder: this.dataFolder })).close();
    await rm(this.dataFolder, { recursive: true });
  }

  async #write(state: KeptState | null): Promise<void> {
    const unfinished = join(this.folder, UNFINISHED_FILE);
    await writeFile(unfinished, JSON.stringify(state), { mode: 0o600 });
    await rename(unfinished, join(this.folder, FILE));
  }
}

/** Null for a demo that has no keys yet; undefined where none was begun. */
async function readState(file: string): Promise<KeptState | null | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as KeptState | null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
