/** A deployment with the backend, and relays in front of it, each a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { hearRelay } from "@klipstream/bench/relayProcess";
import { type Backend, startBackend } from "@klipstream/bench/startBackend";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(PROJECT, "apps/cli/src/main.ts");

/** `klipstream relay`, running. */
export type Relay = {
  url: string;
  child: ChildProcess;
  /** All that it has said so far. */
  said: () => string;
  /** Sends a signal, and resolves to the exit code; null for a relay that was killed. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
};

/** What a caller in any language sees of a call. */
export type Answer = {
  httpStatus: number;
  headers: Headers;
  status?: "success" | "error";
  value?: unknown;
  code?: string;
  message?: string;
  errorData?: { code: string; message: string };
};

export type Event = { kind: string; updateId?: string; to?: string };

export type RelayStage = Backend & {
  folder: string;
  /** Starts `klipstream relay` and waits until it listens. @throws what it said, where it ended instead. */
  startRelay: (args?: readonly string[], env?: Record<string, string>) => Promise<Relay>;
  /** Creates a video in the backend, without the relay. */
  createVideo: () => Promise<{ twitchId: string; videoId: string }>;
  /** Calls the backend itself. */
  ask: (kind: "query" | "mutation", path: string, args: unknown) => Promise<Answer>;
  /** The video's events, oldest first, from the backend itself. */
  history: (twitchId: string) => Promise<Event[]>;
  close: () => Promise<void>;
};

export async function startRelayStage(): Promise<RelayStage> {
  const backend = await startBackend();
  const { deployment, apiKey, token } = backend;
  const folder = mkdtempSync(join(tmpdir(), "klipstream-relay-"));
  const relays: Relay[] = [];
  let lastTwitchId = 700;
  const ask: RelayStage["ask"] = (kind, path, args) =>
    call(deployment.url, { kind, path, args, headers: { authorization: `Bearer ${token}` } });
  return {
    ...backend,
    folder,
    ask,
    async startRelay(args = [], env = {}) {
      const own = {
        PATH: process.env["PATH"] ?? "",
        CONVEX_URL: deployment.url,
        CONVEX_API_KEY: apiKey,
        CONVEX_OUTBOX_PATH: join(folder, "outbox.db"),
        LOG_LEVEL: "error",
      };
      const relay = await spawnRelay(["--port", "0", ...args], { folder, env: { ...own, ...env } });
      relays.push(relay);
      return relay;
    },
    async createVideo() {
      lastTwitchId += 1;
      const twitchId = String(lastTwitchId);
      const { value } = await ask("mutation", "video:create", { twitchId });
      return { twitchId, videoId: (value as { videoId: string }).videoId };
    },
    async history(twitchId) {
      const paginationOpts = { numItems: 200, cursor: null };
      const { value } = await ask("query", "video:history", { twitchId, paginationOpts });
      return (value as { page: Event[] }).page.toReversed();
    },
    async close() {
      for (const relay of relays) await relay.stop("SIGKILL");
      await deployment.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function spawnRelay(
  args: readonly string[],
  { folder, env }: { folder: string; env: Record<string, string> },
): Promise<Relay> {
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), MAIN, "relay", ...args],
    { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const { address, ended, said } = hearRelay(child);
  return {
    url: await address,
    child,
    said,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}

/** A caller's time-out, in ms: a relay that waits for a backend that is away makes a test fail here. */
const CALL_TIMEOUT_MS = 5000;

type Call = {
  kind: "query" | "mutation";
  path: string;
  args: unknown;
  headers?: Record<string, string>;
};

/** Calls a Convex function over plain HTTP. */
export async function call(url: string, { kind, path, args, headers }: Call): Promise<Answer> {
  const response = await fetch(`${url}/api/${kind}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ path, args, format: "json" }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const body = (await response.json()) as Omit<Answer, "httpStatus" | "headers">;
  return { httpStatus: response.status, headers: response.headers, ...body };
}
