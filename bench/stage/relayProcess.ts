import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";

import { memoryOf } from "./memory.ts";

/** `klipstream relay`, in a process of its own, listening. */
export type RelayProcess = {
  url: string;
  /** From the start of the process until it listened, in ms. */
  openMs: number;
  /** What it holds of the machine's memory, in MB (1,000,000 bytes). */
  memoryMb: () => number;
  stop: () => Promise<void>;
};

/** Where the relay's program is, what its outbox is, and which backend it delivers to. */
export type RelayPlace = { cli: string; outboxPath: string; url: string; cwd: string };

/** Starts a relay on any port. @throws Error with what it said, where it ended instead. */
export async function startRelayProcess(place: RelayPlace): Promise<RelayProcess> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [place.cli, "relay", "--port", "0"], {
    cwd: place.cwd,
    env: {
      PATH: process.env["PATH"],
      CONVEX_URL: place.url,
      CONVEX_OUTBOX_PATH: place.outboxPath,
      LOG_LEVEL: "silent",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { address, ended } = hearRelay(child);
  // Whatever ends this program ends that one.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    kill();
    await ended;
    process.off("exit", kill);
  };
  const url = await address;
  const openMs = performance.now() - startedAt;
  return { url, openMs, memoryMb: () => memoryOf(child.pid ?? 0), stop };
}

/** A relay that was just started, by what it says. */
export type HeardRelay = {
  /** Where it listens. Rejects with what it said, where it ends instead. */
  address: Promise<string>;
  /** Its exit code; null for a relay that was killed. */
  ended: Promise<number | null>;
  /** All that it has said so far. */
  said: () => string;
};

/** Listens to the process of a relay. */
export function hearRelay(child: ChildProcessByStdio<null, Readable, Readable>): HeardRelay {
  let text = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const address = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      text += chunk.toString();
      const found = /klipstream relay: (\S+) ->/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    void ended.then((code) => reject(new Error(`the relay ended with ${code}: ${text}`)));
  });
  return { address, ended, said: () => text };
}
