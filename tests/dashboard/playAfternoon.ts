import type { ArtifactUrls } from "@klipstream/contract";

import { afternoon } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** Plays the scenario on a staged deployment, with its clock where each update belongs. */
export async function playAfternoon(stage: Stage, files: ArtifactUrls): Promise<void> {
  const now = Date.now();
  for (const { minutesAgo, path, args, by } of afternoon(now, files)) {
    await stage.mutateInternally("staging:setClock", { at: Math.round(now - minutesAgo * 60_000) });
    await stage.mutate(path, args, { subject: by });
  }
  await stage.mutateInternally("staging:setClock", { at: null });
  await stage.mutateInternally("maintenance:markStalled", { status: "Downloading" });
}
