import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { SqliteStore } from "@klipstream/client/internals";

import { bundleWorker } from "./bundleWorker.ts";
import { DEPLOYMENT, NOW } from "./damagedFiles.ts";
import type { Finding } from "./finding.ts";

const PROCESSES = ["a", "b", "c", "d", "e", "f"];
/** How many entries the file holds before, and how many each process adds. */
const BEFORE = 40;
const EACH = 20;

export type Together = {
  /** Updates that were accepted, before or after the damage. */
  accepted: number;
  /** Of those, which are not in the outbox afterwards. */
  lost: string[];
  twice: string[];
  /** Updates that a process could not get accepted. */
  refused: number;
  /** How many files were set aside; one for each round is right. */
  setAside: number;
};

/** Several processes open the same damaged outbox at once, and report. */
export async function openTogether({ rounds }: { rounds: number }): Promise<Together> {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-damaged-together-"));
  const script = await bundleWorker("openTogetherChild.ts");
  const result: Together = { accepted: 0, lost: [], twice: [], refused: 0, setAside: 0 };
  try {
    for (let round = 0; round < rounds; round++)
      await openOne(script, join(folder, `${round}.db`), result);
    result.setAside = readdirSync(folder).filter((file) => /\.corrupt-.*Z$/.test(file)).length;
    return result;
  } finally {
    for (const place of [folder, dirname(script)]) rmSync(place, { recursive: true, force: true });
  }
}

/** What `pnpm chaos` says of it. */
export async function findTogether(rounds: number): Promise<Finding> {
  const { accepted, lost, twice, refused, setAside } = await openTogether({ rounds });
  return {
    promise: "a damaged file opened together loses nothing",
    how: `${rounds} damaged outboxes, each opened by ${PROCESSES.length} processes at once, ${accepted} accepted`,
    figure: `${lost.length} lost, ${twice.length} doubled, ${refused} refused, ${setAside} files set aside`,
    kept: lost.length + twice.length + refused === 0 && setAside === rounds,
  };
}

async function openOne(script: string, path: string, result: Together): Promise<void> {
  const before = makeDamaged(path);
  const children = PROCESSES.map((name) =>
    spawn(process.execPath, [script, path, name, String(EACH)], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const reported = (await reportTogether(children)).flat();
  const store = new SqliteStore(path);
  const kept = store
    .pending(DEPLOYMENT, -1)
    .map(({ content }) => (content.kind === "update" ? content.update.updateId : ""));
  store.close();
  const accepted = [...before, ...reported];
  result.accepted += accepted.length;
  result.refused += EACH * PROCESSES.length - reported.length;
  result.lost.push(...accepted.filter((id) => !kept.includes(id)));
  result.twice.push(...kept.filter((id, index) => kept.indexOf(id) !== index));
}

/** @returns The ids of the updates in it. */
function makeDamaged(path: string): string[] {
  const updateIds = Array.from({ length: BEFORE }, (_value, number) => `before-${number}`);
  const store = new SqliteStore(path);
  for (const updateId of updateIds)
    store.append({
      deployment: DEPLOYMENT,
      twitchId: "7",
      acceptedAt: NOW,
      acceptedUptime: null,
      content: {
        kind: "update",
        update: { twitchId: "7", updateId, status: "Queued", ageMs: 0 },
        createMissing: false,
      },
    });
  store.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 0, 100);
  writeFileSync(path, bytes);
  rmSync(`${path}-shm`, { force: true });
  return updateIds;
}

/** Each starts once all are ready. */
function reportTogether(children: readonly ChildProcess[]): Promise<string[][]> {
  let ready = 0;
  return Promise.all(
    children.map(async (child) => {
      const accepted: string[] = [];
      const reader = createInterface({ input: child.stdout! });
      reader.on("line", (line) => {
        if (line !== "ready") return void accepted.push(line);
        ready += 1;
        if (ready === children.length) for (const one of children) one.stdin!.write("go\n");
      });
      await once(reader, "close");
      return accepted;
    }),
  );
}
