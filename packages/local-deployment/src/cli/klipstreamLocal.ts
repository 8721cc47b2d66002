/** The program `klipstream-local`: a local deployment that runs until it is stopped. */
import { spawn, type ChildProcess } from "node:child_process";
import { relative } from "node:path";

import { Command, CommanderError, InvalidArgumentError } from "@commander-js/extra-typings";

import { newAdminKey } from "../authentication/adminKey.ts";
import { startLocalDeployment, type LocalDeployment } from "../startLocalDeployment.ts";
import { RequestError } from "../wire/requestError.ts";
import { convexCliEnv, findConvexCli } from "./convexCli.ts";
import { claimInstanceFolder, SecondInstanceError } from "./instanceFolder.ts";
import { collectVariable } from "./variables.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const DEFAULT_PORT = 3210;

const program = new Command("klipstream-local")
  .description("Run a Convex deployment on this machine, in memory, until Ctrl-C.")
  .option("--port <number>", "the port to listen on (0: any)", toPort, DEFAULT_PORT)
  .option("--host <address>", "the address to listen on", "127.0.0.1")
  .option("--env <NAME=VALUE>", "a variable of the deployment (repeatable)", collectVariable, {})
  .option("--deploy", "push the project in this folder, and again whenever it changes")
  .addHelpText(
    "after",
    "\nExit codes: 0 stopped, 1 could not start, 2 wrong use.\nExample: klipstream-local --port 3210 --env LOG_LEVEL=debug --deploy",
  )
  .exitOverride();

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError("Use a number from 0 to 65535.");
  return port;
}

function parseOptions() {
  try {
    return program.parse().opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has printed what is wrong, or the help that was asked for.
    process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  }
}

function explain(error: unknown, { host, port }: { host: string; port: number }): string {
  if (error instanceof SecondInstanceError || error instanceof RequestError) return error.message;
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "EADDRINUSE")
    return `Port ${port} is in use. Stop what uses it, or choose another with --port.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `This machine has no address ${host}. Choose another with --host.`;
  if (code === "EACCES") return `Port ${port} needs rights that this user does not have.`;
  return error instanceof Error ? error.message : String(error);
}

function pushAndWatch({ url, adminKey }: LocalDeployment): ChildProcess {
  const cwd = process.cwd();
  return spawn(process.execPath, [findConvexCli(cwd), "dev", "--tail-logs", "disable"], {
    cwd,
    env: convexCliEnv({ url, adminKey, cwd }),
    stdio: ["ignore", "inherit", "inherit"],
  });
}

async function main(): Promise<void> {
  const { port, host, env, deploy } = parseOptions();
  const adminKey = newAdminKey();
  const cwd = process.cwd();
  const folder = await claimInstanceFolder(cwd, adminKey).catch((error: unknown) => {
    process.stderr.write(`${explain(error, { host, port })}\n`);
    process.exit(EXIT_FAILED);
  });
  let deployment: LocalDeployment;
  try {
    deployment = await startLocalDeployment({ port, host, adminKey, env });
  } catch (error) {
    await folder.release();
    process.stderr.write(`${explain(error, { host, port })}\n`);
    process.exit(EXIT_FAILED);
  }
  let pushing: ChildProcess | null = null;
  const stop = async () => {
    pushing?.kill();
    await deployment.close();
    await folder.release();
    process.exit(0);
  };
  process.once("SIGINT", () => void stop());
  process.once("SIGTERM", () => void stop());
  process.stdout.write(
    `Local deployment  ${deployment.url}\n` +
      `HTTP actions      ${deployment.siteUrl}\n` +
      `Admin key         in ${relative(cwd, folder.adminKeyFile)}\n` +
      "Data is kept in memory only: stopping this process loses it.\n",
  );
  if (deploy === true) pushing = pushAndWatch(deployment);
}

await main();
