import type { Value } from "convex/values";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { validate } from "../documents/validate.ts";
import type { ValidatorJson } from "../documents/validatorJson.ts";
import type { FunctionKind } from "./callsAndOutcomes.ts";
import { currentFunction } from "./currentFunction.ts";
import type { ComponentCode } from "./engineCode.ts";
import { PlatformError } from "./functionErrors.ts";
import { findHttpMount } from "./httpRouting.ts";
import {
  invokeFunction,
  invokeHttpAction,
  isForConvexTest,
  valueOf,
  type Invocable,
} from "./invokeFunction.ts";
import { requestContext, type RequestContext } from "./requestContext.ts";

/** What `query`, `mutation`, `action` and `httpAction` of `convex/server` return. */
export type ConvexFunction = Invocable & {
  isQuery?: boolean;
  isMutation?: boolean;
  isAction?: boolean;
  isHttp?: boolean;
  isPublic?: boolean;
  isInternal?: boolean;
  exportArgs(): string;
  exportReturns(): string;
  _handler(ctx: unknown, args: unknown): unknown;
};
type HttpRouter = {
  lookup: (path: string, method: string) => [ConvexFunction, ...unknown[]] | null;
};
type Module = Record<string, unknown>;

export type RegisteredFunction = { kind: FunctionKind; isPublic: boolean };

/** The functions of one state of the code of the app, or of a component. */
export class FunctionRegistry {
  readonly #code: ComponentCode;
  #httpRouter: unknown;
  readonly #modules = new Map<string, Module>();
  readonly #functions = new Map<string, RegisteredFunction>();

  private constructor(code: ComponentCode) {
    this.#code = code;
  }

  /** @param directory the folder of the whole code. */
  static async load(directory: string, code: ComponentCode): Promise<FunctionRegistry> {
    const registry = new FunctionRegistry(code);
    for (const path of code.modules) {
      const url = pathToFileURL(join(directory, code.folder, path)).href;
      const load = () => import(url) as Promise<Module>;
      registry.#add(path.replace(/\.js$/, ""), await registry.#running("query", load));
    }
    return registry;
  }

  find(path: string): RegisteredFunction | undefined {
    return this.#functions.get(path);
  }

  get hasHttpRoutes(): boolean {
    return this.#modules.has("http") || this.#code.httpMounts.length > 0;
  }

  /** See `findHttpMount`. */
  httpMount(asked: { path: string; method: string }): ReturnType<typeof findHttpMount> {
    return findHttpMount(this.#code.httpMounts, this.#httpRouter, asked);
  }

  module(path: string): Module | undefined {
    return this.#modules.get(path);
  }

  #add(path: string, namespace: Module): void {
    const module: Module = {};
    for (const [name, exported] of Object.entries(namespace)) {
      if (path === "http" && name === "default") {
        this.#httpRouter = exported;
        module[name] = withRealUrls(exported, (run) => this.#running("action", run));
      } else if (isConvexFunction(exported) && kindOf(exported) !== null) {
        const kind = kindOf(exported) ?? "query";
        this.#functions.set(`${path}:${name}`, { kind, isPublic: exported.isPublic === true });
        module[name] = withChecks(exported, kind, (run) => this.#running(kind, run));
      } else module[name] = exported;
    }
    this.#modules.set(path, module);
  }

  #running<T>(kind: FunctionKind, run: () => T): T {
    const { path: component, env } = this.#code;
    return currentFunction.run({ component, kind, env }, run);
  }
}

type Running = <T>(run: () => T) => T;

export function isConvexFunction(value: unknown): value is ConvexFunction {
  return typeof value === "function" && "_handler" in value && "exportArgs" in value;
}

export function kindOf(exported: ConvexFunction): FunctionKind | null {
  if (exported.isQuery === true) return "query";
  if (exported.isMutation === true) return "mutation";
  return exported.isAction === true ? "action" : null;
}

/**
 * The same function, with arguments and result checked here: the engine's own check knows no records and says it in
 * other words. It is therefore told that there is nothing to check.
 */
function withChecks(
  original: ConvexFunction,
  kind: FunctionKind,
  running: Running,
): ConvexFunction {
  const args = JSON.parse(original.exportArgs()) as ValidatorJson;
  const returns = JSON.parse(original.exportReturns()) as ValidatorJson | null;
  return {
    isQuery: kind === "query",
    isMutation: kind === "mutation",
    isAction: kind === "action",
    exportArgs: () => '{"type":"any"}',
    exportReturns: () => "null",
    _handler: async (ctx, given) => {
      const handed = takeHandedArgs();
      const value = handed?.args ?? (given as Value);
      const wrong = validate(args, value);
      if (wrong !== null) throw new PlatformError(`ArgumentValidationError: ${wrong}`);
      const json = await running(() => invokeFunction(original, kind, { ctx, args: value }));
      const result = valueOf(json);
      if (returns !== null) {
        const wrongResult = validate(returns, result);
        if (wrongResult !== null) throw new PlatformError(`ReturnsValidationError: ${wrongResult}`);
      }
      if (handed === null || isForConvexTest(json)) return result;
      handed.context.resultJson = json;
      return null;
    },
  };
}

/**
 * The arguments of the function that the request calls, past convex-test: it would make JSON of them and of the result,
 * and values again, which cost as much as a short function.
 */
function takeHandedArgs(): { args: Value; context: RequestContext } | null {
  const context = requestContext.getStore();
  const args = context?.handedArgs ?? null;
  if (context === undefined || args === null) return null;
  context.handedArgs = null;
  return { args, context };
}

/** The same router, whose HTTP actions see the URL that was called and not the engine's invented one. */
function withRealUrls(router: unknown, running: Running): HttpRouter {
  const original = router as HttpRouter;
  return {
    lookup: (path, method) => {
      const found = original.lookup(path, method);
      if (found === null) return null;
      const [action, ...rest] = found;
      const handler = (ctx: unknown, request: unknown) => {
        const url = requestContext.getStore()?.httpUrl;
        const real = url == null ? (request as Request) : new Request(url, request as Request);
        return running(() => invokeHttpAction(action, { ctx, request: real }));
      };
      return [{ ...action, _handler: handler }, ...rest];
    },
  };
}
