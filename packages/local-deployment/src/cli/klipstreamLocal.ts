/** The program `klipstream-local`: a local deployment that runs until it is stopped. */
import { spawn, type ChildProcess } from "node:child_process";
import { join, relative } from "node:path";

import { Command, CommanderError, InvalidArgumentError } from "@commander-js/extra-typings";

import { startLocalDeployment, type LocalDeployment } from "../startLocalDeployment.ts";
import { adminKeyOf } from "./adminKeyFile.ts";
import { convexCliEnv, findConvexCli } from "./convexCli.ts";
import { collectVariable } from "./variables.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const DEFAULT_PORT = 3210;
const FOLDER = ".convex-local";

const program = new Command("klipstream-local")
  .description(
    `Run a Convex deployment on this machine until Ctrl-C. Its data stays in ${FOLDER}/ of this folder.`,
  )
  .option("--port <number>", "the port to listen on (0: any)", toPort, DEFAULT_PORT)
  .option("--host <address>", "the address to listen on", "127.0.0.1")
  .option("--env <NAME=VALUE>", "a variable of the deployment (repeatable)", collectVariable, {})
  .option("--in-memory", "keep no data: begin empty, and lose everything at the end")
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

async function start(): Promise<{
  deployment: LocalDeployment;
  whereData: string;
  keyFile: string;
}> {
  const { port, host, env, inMemory } = options;
  const folder = join(process.cwd(), FOLDER);
  try {
    const { adminKey, path } = await adminKeyOf(folder);
    const kept = inMemory === true ? {} : { dataFolder: folder };
    const deployment = await startLocalDeployment({ port, host, adminKey, env, ...kept });
    const whereData =
      inMemory === true ? "in memory only: stopping this process loses it" : `in ${FOLDER}`;
    return { deployment, whereData, keyFile: relative(process.cwd(), path) };
  } catch (error) {
    process.stderr.write(`${explain(error, options)}\n`);
    process.exit(EXIT_FAILED);
  }
}

const options = parseOptions();
const { deployment, whereData, keyFile } = await start();
let pushing: ChildProcess | null = null;
const stop = async () => {
  pushing?.kill();
  await deployment.close();
  process.exit(0);
};
process.once("SIGINT", () => void stop());
process.once("SIGTERM", () => void stop());
process.stdout.write(
  `Local deployment  ${deployment.url}\n` +
    `HTTP actions      ${deployment.siteUrl}\n` +
    `Admin key         in ${keyFile}\n` +
    `Data              ${whereData}\n`,
);
if (options.deploy === true) pushing = pushAndWatch(deployment);
