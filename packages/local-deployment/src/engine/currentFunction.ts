import { AsyncLocalStorage } from "node:async_hooks";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { FunctionKind } from "./callsAndOutcomes.ts";

/** The function whose code runs, however deep in calls of other functions. */
export type CurrentFunction = {
  component: ComponentPath;
  kind: FunctionKind;
  /** What `process.env` is for it; null: the deployment's variables. */
  env: Record<string, string> | null;
};

export const currentFunction = new AsyncLocalStorage<CurrentFunction>();

/** Lets the code of a component see its own variables in `process.env`, and not those of the deployment. */
export function separateEnvironments(): void {
  const deployment = process.env;
  const env = () => currentFunction.getStore()?.env ?? deployment;
  process.env = new Proxy(deployment, {
    get: (_, name) => Reflect.get(env(), name) as unknown,
    set: (_, name, value) => Reflect.set(env(), name, value),
    has: (_, name) => Reflect.has(env(), name),
    deleteProperty: (_, name) => Reflect.deleteProperty(env(), name),
    ownKeys: () => Reflect.ownKeys(env()),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(env(), name),
  });
}
