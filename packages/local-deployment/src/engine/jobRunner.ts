import type { Value } from "convex/values";

import type { ComponentPath } from "../documents/componentTables.ts";
import { internalOf } from "../documents/internalFields.ts";
import { ADMIN, type CallOutcome } from "./callsAndOutcomes.ts";
import type { EngineComponents } from "./engineComponents.ts";
import type { FunctionRunner } from "./functionRunner.ts";
import { newContext, requestContext } from "./requestContext.ts";
import { stateOfJob } from "./systemTables.ts";

/** Runs what functions have scheduled, and keeps the job's document up to date. */
export class JobRunner {
  readonly #components: EngineComponents;
  readonly #functions: FunctionRunner;
  readonly #untilStored: () => Promise<void>;

  /** @param untilStored resolves when all commits so far are durable. */
  constructor(
    components: EngineComponents,
    functions: FunctionRunner,
    untilStored: () => Promise<void>,
  ) {
    this.#components = components;
    this.#functions = functions;
    this.#untilStored = untilStored;
  }

  /** Runs a scheduled function that is due. A mutation and its end are one transaction. */
  async run(
    id: number,
    { component: scheduler, jobId }: { component: ComponentPath; jobId: string },
  ): Promise<CallOutcome | null> {
    const database = this.#components.database(scheduler);
    const job = database._documents[jobId];
    const state = stateOfJob(job);
    if (job == null || (state !== "pending" && state !== "inProgress")) return null;
    const path = job["name"] as string;
    const component = internalOf(job)["component"] ?? scheduler;
    const args = (job["args"] as Value[])[0] as Record<string, Value>;
    const setState = (kind: string) =>
      database.patch("_scheduled_functions", jobId, {
        state: { kind },
        ...(kind === "inProgress" ? {} : { completedTime: Date.now() }),
      });
    // A function that has cancelled itself stays cancelled.
    const finish = (kind: string) => {
      if (stateOfJob(database.get("_scheduled_functions", jobId)) === "inProgress") setState(kind);
    };
    if (state === "inProgress") {
      // An action that was running when its worker was replaced: whether it took effect is unknown.
      await write(this.#components, id, () => setState("failed"));
      return null;
    }
    const isMutation = this.#components.functions(component)?.find(path)?.kind === "mutation";
    if (!isMutation) {
      await write(this.#components, id, () => setState("inProgress"));
      // Killed from here on, it is not run again: so that has to be known on disk first.
      await this.#untilStored();
    }
    const kind = isMutation ? "mutation" : "action";
    const run = () => this.#functions.runAs({ caller: ADMIN }, { component, path }, args);
    const outcome = await this.#functions.outcome(newContext(id), kind, async () => {
      if (!isMutation) return await run();
      return await this.#components.test.runInComponent(scheduler, async () => {
        setState("inProgress");
        const result = await run();
        finish("success");
        return result;
      });
    });
    if (isMutation && !outcome.ok) await write(this.#components, id, () => setState("failed"));
    if (!isMutation)
      await write(this.#components, id, () => finish(outcome.ok ? "success" : "failed"));
    return outcome;
  }
}

/** Changes documents in a transaction of the deployment's own. */
export async function write(
  components: EngineComponents,
  id: number,
  change: () => void,
): Promise<void> {
  await requestContext.run(newContext(id), () =>
    components.test.run(async () => {
      await Promise.resolve();
      change();
    }),
  );
}
