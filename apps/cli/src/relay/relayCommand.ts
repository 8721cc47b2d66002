import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { RelayManager } from "@klipstream/client";

import { durationOption } from "../command/arguments.ts";
import { usageError } from "../command/cliError.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import type { CliContext } from "../context.ts";
import { ambientOf } from "../deployment/configuration.ts";
import type { ListenAt } from "./listen.ts";
import { startRelay } from "./startRelay.ts";

const DEFAULT_PORT = 4210;
const DEFAULT_HOST = "127.0.0.1";
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
/** Cloud Run and Docker send SIGKILL after 10 s. */
const CLOSE_TIMEOUT_MS = 8000;
const TOKEN_MIN_LENGTH = 16;

export const defineRelay: DefineCommand = (command, cli) =>
  command
    .option("--port <port>", "the port to listen on, 0 for any", portArgument, DEFAULT_PORT)
    .option("--host <address>", "the address to listen on", DEFAULT_HOST)
    .option("--socket <path>", "listen on a Unix socket instead, for this user and group (0660)")
    .option("--require-token <file>", "callers must send the token in this file")
    .addOption(
      durationOption("--wait <time>", "how long an update waits for the backend's answer", "2s"),
    )
    .addHelpText(
      "after",
      examples(
        ["klipstream relay", "then CONVEX_URL=http://127.0.0.1:4210 for every pipeline here"],
        [
          "klipstream relay --host 0.0.0.0 --require-token relay.token",
          "for other machines or containers, which send the token",
        ],
      ) +
        "\n\nThe relay keeps updates in the outbox, answers them, and delivers them.\nOn SIGTERM it takes nothing more, delivers what it can in 8 s, and exits 0.",
    )
    .action(async ({ port, host, socket, requireToken, wait }) => {
      const at: ListenAt =
        socket === undefined ? { host, port } : { socketPath: resolve(cli.context.folder, socket) };
      const requiredToken = readToken(cli.context, requireToken);
      if (!("socketPath" in at) && !LOOPBACK.test(host) && requiredToken === null)
        throw usageError(
          `${host} can be reached from other machines`,
          "add --require-token <file>, or listen on 127.0.0.1",
        );
      await serve(cli, { at, requiredToken, waitMs: wait });
    });

type Serving = { at: ListenAt; requiredToken: string | null; waitMs: number };

async function serve({ context, output }: Cli, serving: Serving): Promise<void> {
  const manager = new RelayManager({}, ambientOf(context));
  const ended = new Promise<string>((resolve) => {
    const stopListening = context.onEndSignal((signal) => {
      stopListening();
      resolve(signal);
    });
  });
  try {
    const relay = await startRelay({
      ...serving,
      manager,
      now: context.now,
      fetch: context.fetch,
      onFault: (error) => output.talk(`klipstream relay: ${String(error)}`),
    });
    output.talk(`klipstream relay: ${relay.address} -> ${manager.deployment}`);
    output.talk(`klipstream relay: ${await ended}: taking nothing more`);
    const { pending } = await relay.close({ timeoutMs: CLOSE_TIMEOUT_MS });
    output.talk(`klipstream relay: ${pending} updates are left in the outbox`);
  } finally {
    await manager.close({ timeoutMs: 0 });
  }
}

function portArgument(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a port, 0 to 65535.");
}

function readToken({ folder }: CliContext, path: string | undefined): string | null {
  if (path === undefined) return null;
  const token = readTokenFile(resolve(folder, path)).trim();
  if (token.length >= TOKEN_MIN_LENGTH && !/\s/.test(token)) return token;
  throw usageError(
    `${path} does not hold a token`,
    `it must be one word of at least ${TOKEN_MIN_LENGTH} characters: openssl rand -hex 32`,
  );
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`the token cannot be read: ${why}`, "openssl rand -hex 32 makes one");
  }
}
