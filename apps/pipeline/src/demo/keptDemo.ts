import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

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

/** The folder of a demo that is kept from one start to the next, for this user only. */
export class KeptDemo {
  readonly folder: string;
  #state: KeptState | null = null;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Opens a folder; what is in it of a demo that did not get as far as to have its keys is removed.
   *
   * @throws DataFileError if another demo runs in it.
   */
  static async open(folder: string): Promise<KeptDemo> {
    const kept = new KeptDemo(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    kept.#state = await readState(join(folder, FILE));
    if (kept.#state !== null) return kept;
    // It can be opened only if nobody else works with it.
    await (await startLocalDeployment({ dataFolder: kept.dataFolder })).close();
    await rm(kept.dataFolder, { recursive: true });
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

  async save(state: KeptState): Promise<void> {
    this.#state = state;
    const draft = join(this.folder, `${FILE}.unfinished`);
    await writeFile(draft, JSON.stringify(state), { mode: 0o600 });
    await rename(draft, join(this.folder, FILE));
  }

  async saveRun(twitchId: string, run: VodRun): Promise<void> {
    if (this.#state === null) return;
    await this.save({ ...this.#state, runs: { ...this.#state.runs, [twitchId]: run } });
  }
}

async function readState(file: string): Promise<KeptState | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as KeptState;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
