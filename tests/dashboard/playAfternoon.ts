import type { ArtifactUrls } from "@klipstream/contract";

import { afternoon } from "./scenario.ts";
import type { Caller, Stage } from "./stage.ts";

/** Plays the scenario on a fresh staged deployment, with its clock where each update belongs. */
export async function playAfternoon(stage: Stage, files: ArtifactUrls): Promise<void> {
  const now = Date.now();
  const steps = afternoon(now, files);
  const setClock = (minutesAgo: number | null) =>
    stage.mutateInternally("staging:setClock", {
      at: minutesAgo === null ? null : Math.round(now - minutesAgo * 60_000),
    });
  const accounts = new Set(steps.map(({ by }) => by));
  // Before the first step: no row's creation time is earlier than that of a row that was there before.
  await setClock((steps[0]?.minutesAgo ?? 0) + 1);
  for (const account of accounts) await stage.key({ account });
  // By the real clock: the deployment checks tokens by it, and signs them by the one that is set.
  await setClock(null);
  const callers = new Map<string, Caller>();
  for (const account of accounts) callers.set(account, await stage.caller(account));
  for (const { minutesAgo, path, args, by } of steps) {
    await setClock(minutesAgo);
    await callers.get(by)?.(path, args);
  }
  await setClock(null);
  await stage.mutateInternally("maintenance:markStalled", { status: "Downloading" });
}
