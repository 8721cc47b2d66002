import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { ArtifactUrlField } from "@klipstream/contract";

/** The name of each artifact's file. */
export const ARTIFACT_FILES = {
  audiowaveUrl: "audiowave.json",
  chatUrl: "chat.csv",
  transcriptUrl: "transcript.csv",
  transcriptWordUrl: "words.csv",
  transcriptAnalysisUrl: "analysis.json",
} as const satisfies Record<ArtifactUrlField, string>;

/** Keeps the output files of every video in one folder, and knows the address under which each is served. */
export class ArtifactStore {
  readonly #folder: string;
  readonly #baseUrl: string;

  /**
   * @param folder - Made where it does not exist.
   * @param baseUrl - Where `folder` is served, `https://files.example.com/klips`.
   */
  constructor(folder: string, baseUrl: string) {
    this.#folder = folder;
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
  }

  /**
   * Writes an artifact as a whole: a reader sees the file of before or the new one, never a part.
   *
   * @returns The artifact's URL.
   */
  async write(twitchId: string, field: ArtifactUrlField, content: string): Promise<string> {
    const folder = join(this.#folder, twitchId);
    await mkdir(folder, { recursive: true });
    const draft = join(folder, `.${randomUUID()}.part`);
    try {
      await writeFile(draft, content, { flush: true });
      await rename(draft, join(folder, ARTIFACT_FILES[field]));
    } finally {
      await rm(draft, { force: true });
    }
    return `${this.#baseUrl}/${twitchId}/${ARTIFACT_FILES[field]}`;
  }

  /** Rejects with the file system's error (`ENOENT` where the artifact was not written yet). */
  read(twitchId: string, field: ArtifactUrlField): Promise<string> {
    return readFile(join(this.#folder, twitchId, ARTIFACT_FILES[field]), "utf8");
  }
}
