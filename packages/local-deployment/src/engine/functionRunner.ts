import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { CallOutcome, Caller, FunctionCall, FunctionKind } from "./callsAndOutcomes.ts";
import type { EngineAccessor } from "./convexTestInternals.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { describeFunctionError, PlatformError } from "./functionErrors.ts";
import { displayFunctionPath } from "./functionPaths.ts";
import type { RegisteredFunction } from "./functionRegistry.ts";
import { isForConvexTest } from "./invokeFunction.ts";
import { requestContext, runAbortable, type RequestContext } from "./requestContext.ts";

const MOST_ACCESSORS = 100;

type Sender = Pick<FunctionCall, "caller" | "ip" | "userAgent">;

/** Finds the functions that requests call, and runs them as who calls. */
export class FunctionRunner {
  readonly #components: EngineComponents;
  readonly #accessors = new Map<string, EngineAccessor>();

  constructor(components: EngineComponents) {
    this.#components = components;
  }

  /** The function that is called, or why it cannot be. */
  find(call: FunctionCall): RegisteredFunction | string {
    const found = this.#components.functions(call.component ?? "")?.find(call.path);
    const shown = displayFunctionPath(call.path);
    if (call.kind === "any" && found === undefined)
      return `Could not find function for '${shown}'. Did you forget to run \`npx convex dev\`?`;
    const isOpen = found?.isPublic === true && (call.component ?? "") === "";
    if (found === undefined || !(isOpen || call.caller.isAdmin))
      return `Could not find public function for '${shown}'. Did you forget to run \`npx convex dev\`?`;
    if (call.kind === "any" || call.kind === found.kind) return found;
    const [module, name] = call.path.split(":");
    const title = (kind: string) => kind.charAt(0).toUpperCase() + kind.slice(1);
    return `Trying to execute ${module ?? ""}.js:${name ?? ""} as ${title(call.kind)}, but it is defined as ${title(found.kind)}.`;
  }

  /** Calls a function that was found. */
  attempt(
    context: RequestContext,
    call: FunctionCall,
    { kind }: RegisteredFunction,
  ): Promise<CallOutcome> {
    return this.outcome(context, kind, () => {
      const args = jsonToConvex(JSON.parse(call.args) as JSONValue) as Record<string, Value>;
      const { component = "", path } = call;
      if (!isForConvexTest(call.args)) context.handedArgs = args;
      return this.runAs(call, { component, path }, context.handedArgs === null ? args : {});
    });
  }

  /** Runs something for a request, and says how it ended. */
  async outcome(
    context: RequestContext,
    kind: FunctionKind | null,
    run: () => Promise<Value | undefined>,
  ): Promise<CallOutcome> {
    const started = performance.now();
    const common = () => ({ kind, logLines: context.logLines, ranMs: performance.now() - started });
    try {
      const result = await (kind === "action"
        ? runAbortable(context, run)
        : requestContext.run(context, run));
      const value = context.resultJson ?? JSON.stringify(convexToJson(result ?? null));
      return {
        ...common(),
        ok: true,
        value,
        ts: this.#components.internals.transactions._lastCommitTs,
      };
    } catch (error) {
      const { transientError } = context;
      return { ...common(), ok: false, ...(transientError ?? describeFunctionError(error)) };
    }
  }

  async runAs(
    sender: Sender,
    { component: componentPath, path: udfPath }: { component: ComponentPath; path: string },
    args: Record<string, Value>,
  ): Promise<Value | undefined> {
    const kind = this.#components.functions(componentPath)?.find(udfPath)?.kind;
    if (kind === undefined) throw new PlatformError(`Could not find function for '${udfPath}'.`);
    const test = this.#accessorOf(sender);
    const run = {
      query: "queryFromPath",
      mutation: "mutationFromPath",
      action: "actionFromPath",
    } as const;
    return (await test[run[kind]]({ componentPath, udfPath }, args)) as Value;
  }

  /** Made once for a sender: it takes as long as a short function. */
  #accessorOf({ caller, ip = null, userAgent = null }: Sender): EngineAccessor {
    const key = JSON.stringify([caller.identity, ip, userAgent]);
    let accessor = this.#accessors.get(key);
    if (accessor === undefined) {
      // What this returns has every method, whatever its type says.
      const metadata = { ip, userAgent };
      accessor = this.as(caller).withRequestMetadata(metadata) as unknown as EngineAccessor;
      if (this.#accessors.size >= MOST_ACCESSORS) this.#accessors.clear();
      this.#accessors.set(key, accessor);
    }
    return accessor;
  }

  /** What runs functions as that caller. */
  as(caller: Caller): EngineAccessor {
    const { test } = this.#components;
    if (caller.identity === null) return test;
    return test.withIdentity(caller.identity) as unknown as EngineAccessor;
  }
}
