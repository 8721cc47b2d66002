#!/usr/bin/env node
import { processContext } from "./context.ts";
import { calledBy, runCli } from "./runCli.ts";

const args = process.argv.slice(2);
const isExec = calledBy(args)[0] === "exec";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  // The reader of a pipe has seen enough (`klipstream list | head -1`): that is no failure. `exec` has a command to look after.
  if (!isExec) process.exit();
});
if (isExec)
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
process.exitCode = await runCli(args, processContext());
