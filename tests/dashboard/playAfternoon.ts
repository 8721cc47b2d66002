import type { ArtifactUrls } from "@klipstream/contract";

import { afternoon } from "./scenario.ts";
import type { Caller, Stage } from "./stage.ts";

/** Plays the scenario on a staged deployment, with its clock where each update belongs. */
export async function playAfternoon(stage: Stage, files: ArtifactUrls): Promise<void> {
  const now = Date.now();
  const steps = afternoon(now, files);
  // Before the clock is set: the deployment signs their tokens by it.
  const callers = new Map<string, Caller>();
  for (const by of new Set(steps.map((step) => step.by))) callers.set(by, await stage.caller(by));
  for (const { minutesAgo, path, args, by } of steps) {
    await stage.mutateInternally("staging:setClock", { at: Math.round(now - minutesAgo * 60_000) });
    await callers.get(by)?.(path, args);
  }
  await stage.mutateInternally("staging:setClock", { at: null });
  await stage.mutateInternally("maintenance:markStalled", { status: "Downloading" });
}
