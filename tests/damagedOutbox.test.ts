import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { SqliteStore } from "@klipstream/client";
import { afterAll, beforeAll, expect, it } from "vitest";

import { bundleWorker } from "./chaos/bundleWorker.ts";
import { DEPLOYMENT, NOW, openDamagedFiles } from "./chaos/damagedFiles.ts";

let folder: string;
let script: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-damaged-together-"));
  script = await bundleWorker("openTogetherChild.ts");
});
afterAll(() => {
  for (const place of [folder, dirname(script)]) rmSync(place, { recursive: true, force: true });
});

const PROCESSES = ["a", "b", "c", "d", "e", "f"];

it("processes that open a damaged outbox together lose nothing that one of them accepts", async () => {
  for (let round = 0; round < 3; round++) {
    const path = join(folder, `${round}.db`);
    const before = new SqliteStore(path);
    for (let number = 0; number < 40; number++) before.append(entry(`before-${number}`));
    before.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 0, 100);
    writeFileSync(path, bytes);
    rmSync(`${path}-shm`, { force: true });

    const children = PROCESSES.map((name) =>
      spawn(process.execPath, [script, path, name, "20"], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const accepted = (await Promise.all(children.map(acceptedBy))).flat();
    expect(accepted).toHaveLength(20 * PROCESSES.length);
    const after = new SqliteStore(path);
    const kept = after
      .pending(DEPLOYMENT, -1)
      .map(({ content }) => (content.kind === "update" ? content.update.updateId : ""));
    after.close();
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept).toHaveLength(160);
    expect(kept).toEqual(expect.arrayContaining(accepted));
    const setAside = readdirSync(folder).filter((file) => file.startsWith(`${round}.db.corrupt`));
    expect(setAside.filter((file) => file.endsWith("Z"))).toHaveLength(1);
  }
});

it("no damage ends a process, hangs it, or hides what can be read", async () => {
  const { aborts, hangs, errors, lost, silent } = await openDamagedFiles({ files: 120, seed: 7 });
  expect({ aborts, hangs, errors, lost, silent }).toEqual({
    aborts: [],
    hangs: [],
    errors: [],
    lost: [],
    silent: [],
  });
});

/** Starts once all are ready. */
async function acceptedBy(child: ChildProcess, _index: number, all: ChildProcess[]) {
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  reader.on("line", (line) => {
    if (line !== "ready") return void lines.push(line);
    readyCount.set(all, (readyCount.get(all) ?? 0) + 1);
    if (readyCount.get(all) === all.length) for (const one of all) one.stdin!.write("go\n");
  });
  await once(reader, "close");
  return lines;
}

const readyCount = new Map<ChildProcess[], number>();

function entry(updateId: string) {
  return {
    deployment: DEPLOYMENT,
    twitchId: "7",
    acceptedAt: NOW,
    acceptedUptime: null,
    content: {
      kind: "update" as const,
      update: { twitchId: "7", updateId, status: "Queued" as const, ageMs: 0 },
      createMissing: false,
    },
  };
}
