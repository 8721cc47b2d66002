import { tableOfId } from "../documents/ids.ts";
import type { EngineInternals } from "./convexTestInternals.ts";
import { currentFunction } from "./currentFunction.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { PlatformError } from "./functionErrors.ts";

const WRITES = ["1.0/shallowMerge", "1.0/replace", "1.0/remove"];
const READ = "1.0/get";
const SCHEDULED = "_scheduled_functions";

/** Keeps functions from reading and changing system tables as if they were their own, and the other way round. */
export function guardSystemTables(internals: EngineInternals): void {
  internals.wrapSyscalls([READ, ...WRITES], (next) => (op, json) => {
    const problem = accessProblem(op, JSON.parse(json) as Access);
    return problem === null ? next(op, json) : Promise.reject(new PlatformError(problem));
  });
}

type Access = { id: string; isSystem?: boolean };

function accessProblem(op: string, { id, isSystem = false }: Access): string | null {
  const table = tableOfId(id) ?? "";
  const isSystemTable = table.startsWith("_");
  if (isSystemTable && op !== READ) return `"${table}" is a system table: it can only be read.`;
  if (isSystemTable === isSystem) return null;
  return isSystemTable
    ? `"${table}" is a system table: read it with db.system.`
    : `"${table}" is no system table: do not read it with db.system.`;
}

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
