import { tableOfId } from "../documents/ids.ts";
import { currentFunction } from "./currentFunction.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { PlatformError } from "./functionErrors.ts";

const SCHEDULED = "_scheduled_functions";

/** Cancels a scheduled function that has not ended; one that has stays what it is. */
export function handleCancelling(components: EngineComponents): void {
  components.internals.wrapSyscalls(["1.0/cancel_job"], () => async (_op, json) => {
    await Promise.resolve();
    const { id } = JSON.parse(json) as { id: string };
    if (tableOfId(id) !== SCHEDULED)
      throw new PlatformError(`${JSON.stringify(id)} is not the id of a scheduled function.`);
    const database = components.database(currentFunction.getStore()?.component ?? "");
    const job = database.get(SCHEDULED, id);
    if (isUnfinished(job))
      database.patch(SCHEDULED, id, {
        state: { kind: "canceled" },
        completedTime: Date.now(),
      });
    return "{}";
  });
}

/** What a scheduled function's document says about it: `pending`, `inProgress`, `success`, `failed` or `canceled`. */
export function stateOfJob(job: Record<string, unknown> | null | undefined): string | null {
  return (job?.["state"] as { kind: string } | undefined)?.kind ?? null;
}

function isUnfinished(job: Record<string, unknown> | null): boolean {
  return ["pending", "inProgress"].includes(stateOfJob(job) ?? "");
}
