#!/usr/bin/env node
import { processContext } from "./context.ts";
import { runCli } from "./runCli.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has seen enough (`klipstream list | head -1`): that is no failure.
  if (error.code === "EPIPE") process.exit();
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2), processContext());
