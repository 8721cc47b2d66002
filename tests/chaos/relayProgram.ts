/** `klipstream relay` itself, in a process that stands still where its parent wants to kill it. */
import { subscribe } from "node:diagnostics_channel";
import { PassThrough } from "node:stream";

import { processContext } from "../../apps/cli/src/context.ts";
import { runCli } from "../../apps/cli/src/runCli.ts";
import type { FromWorker, RelayPlan, ToWorker } from "./messages.ts";
import { standStillAt } from "./standStill.ts";

process.on("message", (message: ToWorker<RelayPlan>) => {
  if ("start" in message) void serve(message.start);
  else process.kill(process.pid, "SIGTERM");
});
// An orphan would keep the outbox.
process.on("disconnect", () => process.exit(1));
tell({ event: "warm" });

async function serve({ args, environment, standStillAt: at }: RelayPlan): Promise<void> {
  const onStep = standStillAt(at);
  subscribe("http.server.request.start", () => onStep("called"));
  subscribe("http.server.response.finish", () => onStep("replied"));
  const stderr = new PassThrough();
  stderr.on("data", (text: Buffer) => {
    process.stderr.write(text);
    if (/^klipstream relay: \S+ ->/m.test(text.toString())) tell({ event: "started" });
  });
  const exitCode = await runCli(["relay", ...args], {
    ...processContext(),
    environment,
    stderr,
    onStep,
  });
  tell({ event: "finished", balanced: exitCode === 0 });
  process.disconnect();
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
