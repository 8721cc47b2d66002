/** The demo as a user runs it: as a program, by its output, exit code and what it leaves behind. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const VODS = join(PROJECT, "apps/pipeline/vods");
const TIMEOUT_MS = 180_000;

/** The demo's temporary folder: nothing of the demo may be left in it. */
let temporary: string;
let demo: Demo | undefined;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), "klipstream-demo-test-"));
});
afterEach(async () => {
  demo?.kill();
  demo = undefined;
  await rm(temporary, { recursive: true });
});

/** A running demo, leader of a process group of its own. */
class Demo {
  stdout = "";
  stderr = "";
  readonly #child;
  readonly #exit: Promise<number>;

  constructor(args: readonly string[]) {
    const program = ["--import", "tsx", "apps/pipeline/src/demo.ts", ...args];
    this.#child = spawn(process.execPath, program, {
      cwd: PROJECT,
      detached: true,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#exit = once(this.#child, "close").then(([code]) => (code as number | null) ?? 128);
  }

  exitCode(): Promise<number> {
    return this.#exit;
  }

  /** Resolves once the demo has printed the text, and rejects if it ends before. */
  async printed(text: string): Promise<void> {
    const ended = this.#exit.then(() => "ended" as const);
    while (!this.stdout.includes(text)) {
      const event = await Promise.race([once(this.#child.stdout, "data"), ended]);
      if (event === "ended" && !this.stdout.includes(text))
        throw new Error(
          `the demo ended without ${JSON.stringify(text)}:\n${this.stdout}${this.stderr}`,
        );
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Whether the demo or any process that it started is still there. */
  get isAlive(): boolean {
    try {
      process.kill(-this.#child.pid!, 0);
      return true;
    } catch {
      return false;
    }
  }

  kill(): void {
    if (this.isAlive) process.kill(-this.#child.pid!, "SIGKILL");
  }
}

function start(...args: string[]): Demo {
  demo = new Demo(args);
  return demo;
}

async function expectNothingLeft(ended: Demo): Promise<void> {
  // The compiler of tsx is a process that ends when it finds its parent gone: a moment later.
  await expect.poll(() => ended.isAlive, { timeout: 10_000 }).toBe(false);
  // tsx keeps what it compiled; that is its own business.
  expect((await readdir(temporary)).filter((name) => !name.startsWith("tsx-"))).toEqual([]);
}

/** A copy of one of the VODs, to be changed. */
async function copyVod(): Promise<string> {
  const folder = await mkdtemp(join(temporary, "tsx-own-vod-"));
  await cp(join(VODS, "ranked-comeback"), folder, { recursive: true });
  return folder;
}

/** What the README says the demo prints. */
async function readmeExcerpt(): Promise<string> {
  const readme = await readFile(join(PROJECT, "README.md"), "utf8");
  return readme.split("```text\n")[1]!.split("```")[0]!;
}

/** The rows of the table, by video. */
function readTable(stdout: string): Record<string, Record<string, string>> {
  const lines = stdout.split("\n");
  const first = lines.findIndex((line) => line.startsWith("video "));
  const columns = lines[first]!.split(/ {2,}/);
  const rows = lines.slice(first + 1, lines.indexOf("", first));
  const table: Record<string, Record<string, string>> = {};
  for (const row of rows) {
    const cells = row.split(/ {2,}/);
    table[cells[0]!] = Object.fromEntries(columns.map((column, index) => [column, cells[index]!]));
  }
  return table;
}

describe("the demo", () => {
  it(
    "takes three VODs to Completed, through a failure and an outage, and leaves nothing behind",
    async () => {
      const ended = start();
      expect(await ended.exitCode(), ended.stderr + ended.stdout).toBe(0);

      const table = readTable(ended.stdout);
      expect(Object.keys(table)).toEqual([
        "cooking-souffle",
        "ranked-comeback",
        "speedrun-final-boss",
      ]);
      for (const row of Object.values(table))
        expect(row).toMatchObject({ status: "Completed", URLs: "5/5" });
      const column = (name: string) => Object.values(table).map((row) => Number(row[name]));
      expect(column("events")).toEqual([14, 12, 12]);
      expect(column("rollbacks")).toEqual([1, 0, 0]);
      expect(column("updates that had to wait")[1]).toBeGreaterThanOrEqual(3);
      expect(ended.stdout).toContain("cooking-souffle: Transcribing, attempt 2");
      expect(ended.stdout).toContain("ranked-comeback: the backend is cut off");
      expect(ended.stdout).toContain("ranked-comeback: the backend can be reached again");
      expect(ended.stdout).toContain("All is as it must be.");
      expect(ended.stderr).toBe("");
      await expectNothingLeft(ended);

      const excerpt = await readmeExcerpt();
      const isTimingFree = (line: string) => !/^[a-z-]+ +\d+ /.test(line);
      const printed = ended.stdout.split("\n");
      expect(printed).toEqual(expect.arrayContaining(excerpt.split("\n").filter(isTimingFree)));
      const timeless = (text: string) =>
        Object.values(readTable(text)).map((row) => ({ ...row, "updates that had to wait": "" }));
      expect(timeless(excerpt)).toEqual(timeless(ended.stdout));
    },
    TIMEOUT_MS,
  );

  it(
    "runs on the user's own VOD, and with --stay serves the result until Ctrl-C",
    async () => {
      const folder = await copyVod();
      const chat = await readFile(join(folder, "chat.json"), "utf8");
      await writeFile(join(folder, "chat.json"), chat.replaceAll("2425570918", "987654321"));

      // As `pnpm start` does it first.
      const dashboard = join(PROJECT, "apps/dashboard");
      const build = [join(dashboard, "node_modules/vite/bin/vite.js"), "build"];
      const env = { ...process.env, NODE_ENV: "production" };
      await promisify(execFile)(process.execPath, build, { cwd: dashboard, env });
      const running = start("--vod", folder, "--stay");
      await running.printed("The dashboard, to look at");
      await running.printed("#token=klip_demo-viewer_");
      await running.printed("Ctrl-C");
      await running.printed("analysis.json");

      const address = (pattern: RegExp): string => pattern.exec(running.stdout)![0];
      const page = await fetch(address(/http:\S+(?=#token=)/));
      expect(await page.text()).toContain("<title>KlipStream</title>");
      const backend = address(/(?<=The deployment is at )http:\S+(?=;)/);
      const args = { twitchId: "987654321" };
      const video = await fetch(`${backend}/api/query`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ path: "video:getByTwitchIdPublic", args, format: "json" }),
      });
      expect(await video.json()).toMatchObject({ value: { status: "Completed" } });
      const analysis = await fetch(address(/http:\S+analysis\.json/));
      expect(((await analysis.json()) as { highlights: unknown[] }).highlights).toHaveLength(2);

      running.signal("SIGINT");
      expect(await running.exitCode(), running.stderr).toBe(0);
      await expectNothingLeft(running);
    },
    TIMEOUT_MS,
  );

  it(
    "with --keep it goes on where it was: the same addresses, artifacts and videos, and no work done twice",
    async () => {
      const folder = await copyVod();
      // As `pnpm start` gives it.
      const kept = relative(PROJECT, join(folder, "kept"));
      const args = ["--vod", folder, "--stay", "--keep", kept];
      const first = start(...args);
      await first.printed("analysis.json");
      const addresses = (printed: string) => printed.slice(printed.indexOf("The deployment is at"));

      const second = new Demo(args);
      expect(await second.exitCode()).toBe(1);
      expect(second.stderr).toMatch(/A local deployment runs on .* already/);

      first.signal("SIGINT");
      expect(await first.exitCode(), first.stderr).toBe(0);
      const again = start(...args);
      await again.printed("analysis.json");
      expect(again.stdout).toContain("is there from an earlier start");
      expect(again.stdout).not.toContain("Downloading");
      expect(addresses(again.stdout)).toBe(addresses(first.stdout));
      expect(readTable(again.stdout)).toEqual(readTable(first.stdout));
      const [analysis] = /http:\S+analysis\.json/.exec(again.stdout)!;
      expect((await fetch(analysis)).status).toBe(200);
      again.signal("SIGINT");
      expect(await again.exitCode(), again.stderr).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "stopped in the middle it stops its pipelines and cleans up",
    async () => {
      const running = start();
      await running.printed("Downloading");
      running.signal("SIGTERM");
      expect(await running.exitCode()).toBe(143);
      await expectNothingLeft(running);
    },
    TIMEOUT_MS,
  );
});

describe("the demo refuses bad input with one clear line and exit code 2", () => {
  it.each([
    {
      what: "a folder without audio",
      spoil: (folder: string) => rm(join(folder, "audio.wav")),
      line: /audio\.wav is missing: it must be a WAV file$/,
    },
    {
      what: "a broken chat log",
      spoil: (folder: string) => writeFile(join(folder, "chat.json"), '{"comments": ['),
      line: /chat\.json is not JSON: /,
    },
    {
      what: "an unknown ID",
      spoil: (folder: string) =>
        writeFile(join(folder, "chat.json"), '{"video":{"id":"my stream"},"comments":[]}'),
      line: /video\.id is "my stream", not a Twitch ID/,
    },
  ])("$what", async ({ spoil, line }) => {
    const folder = await copyVod();
    await spoil(folder);
    const ended = start("--vod", folder);
    expect(await ended.exitCode()).toBe(2);
    expect(ended.stderr.trim()).toMatch(line);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stdout).toBe("");
  });

  it("an option that does not exist", async () => {
    const ended = start("--vods", "x");
    expect(await ended.exitCode()).toBe(2);
    expect(ended.stderr).toContain("unknown option '--vods'");
  });
});
