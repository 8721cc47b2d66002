import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";
import type { FunctionReference } from "convex/server";

import { displayFunctionPath } from "../wire/functionPaths.ts";
import { NOTHING_READ } from "../documents/readSet.ts";
import type {
  CountedCommit,
  Counters,
  DocumentChange,
  Snapshot,
} from "../documents/documentStore.ts";
import { internalOf } from "../documents/internalFields.ts";
import type { ComponentPath } from "../documents/componentTables.ts";
import type { Blobs } from "../files/blobs.ts";
import type { UploadTokens } from "../files/uploadTokens.ts";
import type { EngineAccessor } from "./convexTestInternals.ts";
import { EngineComponents } from "./engineComponents.ts";
import { FileStorage } from "./fileStorage.ts";
import { describeFunctionError, PlatformError } from "./functionErrors.ts";
import { FunctionRegistry, type RegisteredFunction } from "./functionRegistry.ts";
import { History } from "./history.ts";
import { ADMIN, refusedCall } from "./messages.ts";
import type * as M from "./messages.ts";
import { importTables } from "./importTables.ts";
import { provideRequire } from "./nodeRequire.ts";
import { newContext, ReadRecorder, requestContext, type RequestContext } from "./requestContext.ts";
import { handleScheduling, hideInternalFields, refuseForeignInternals } from "./syscalls.ts";
import { lockTransactions, TransactionLock } from "./transactionLock.ts";

type Sender = Pick<M.FunctionCall, "caller" | "ip" | "userAgent">;

type Deployed = { functions: FunctionRegistry; schema: M.SchemaJson | null };

export type RunnerEvents = {
  commit(commit: CountedCommit): void;
  actionStarted(id: number): void;
  /** The request whose transaction runs now; 0 when none does. */
  current(id: number): void;
};

/** Runs functions one transaction at a time: the part of the engine that knows convex-test. */
export class RequestRunner {
  readonly #components: EngineComponents;
  readonly #files: FileStorage;
  readonly #history = new History();
  readonly #lock = new TransactionLock();
  readonly #events: RunnerEvents;
  #directory = "";

  constructor(
    snapshot: Snapshot,
    storage: { blobs: Blobs; tokens: UploadTokens },
    events: RunnerEvents,
  ) {
    this.#events = events;
    this.#components = new EngineComponents(snapshot, (changes, counters) =>
      this.#committed(changes, counters),
    );
    lockTransactions(this.#components, this.#lock, (current) => events.current(current));
    handleScheduling(this.#components);
    hideInternalFields(this.#components);
    refuseForeignInternals(this.#components);
    this.#files = new FileStorage(this.#components, storage);
  }

  async deploy(code: M.EngineCode): Promise<null> {
    // The worker's environment is its own: it is all that user code sees.
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, code.env);
    provideRequire(code.directory);
    const deployed = new Map<ComponentPath, Deployed>();
    for (const component of code.components) {
      const functions = await FunctionRegistry.load(code.directory, component);
      deployed.set(component.path, { functions, schema: component.schema });
    }
    const release = await this.#lock.acquire();
    this.#components.deploy(deployed);
    this.#directory = code.directory;
    this.#files.cloudUrl = code.env["CONVEX_CLOUD_URL"] ?? "";
    release();
    return null;
  }

  /** Runs a function; `done` is told the outcome, and a mutation's commit, before the next transaction may begin. */
  async call(
    id: number,
    { call, atTs }: { call: M.FunctionCall; atTs: bigint | null },
    done: (outcome: M.CallOutcome, commit?: CountedCommit | null) => void,
  ): Promise<void> {
    const context = newContext(id);
    const found = this.#find(call);
    if (typeof found === "string") {
      done(refusedCall(found));
      return;
    }
    if (found.kind === "action") {
      this.#events.actionStarted(id);
      done(await this.#attempt(context, call, found));
      return;
    }
    await this.#inTransaction(id, async () => {
      context.ownsLock = true;
      context.commit = null;
      if (atTs === null) done(await this.#attempt(context, call, found), context.commit);
      else done(await this.#attemptAt(atTs, () => this.#attempt(context, call, found)));
    });
  }

  /** Runs queries over one state of the documents. */
  async batch(id: number, queries: M.BatchQuery[]): Promise<M.BatchOutcome> {
    return await this.#inTransaction(id, async () => {
      const results: M.QueryOutcome[] = [];
      for (const query of queries) {
        this.#events.current(query.id);
        results.push(await this.#runQuery(query));
      }
      return { ts: this.#components.internals.transactions._lastCommitTs, results };
    });
  }

  async httpAction(id: number, request: M.HttpActionRequest): Promise<M.HttpActionOutcome> {
    const context = newContext(id, { httpUrl: request.url });
    const started = performance.now();
    const { method, headers, body } = request;
    const outcome = () => ({ logLines: context.logLines, ranMs: performance.now() - started });
    if (this.#components.functions("")?.hasHttpRoutes !== true)
      return {
        ok: false,
        message: "This Convex deployment does not have HTTP actions enabled.",
        ...outcome(),
      };
    try {
      const { component, path } = this.#routeHttp(request);
      const response = await requestContext.run(context, () =>
        this.#components.inside(component, () =>
          this.#as(request.caller).fetch(path, { method, headers, body }),
        ),
      );
      const { status } = response;
      const content = await response.arrayBuffer();
      return { ok: true, status, headers: [...response.headers], body: content, ...outcome() };
    } catch (error) {
      return { ...outcome(), ok: false, ...describeFunctionError(error, this.#directory) };
    }
  }

  /** Runs a scheduled function that is due. A mutation and its success are one transaction. */
  async scheduled(
    id: number,
    { component: scheduler, jobId }: { component: ComponentPath; jobId: string },
  ): Promise<M.CallOutcome | null> {
    const database = this.#components.database(scheduler);
    const job = database._documents[jobId];
    const state = (job?.["state"] as { kind: string } | undefined)?.kind;
    if (job == null || (state !== "pending" && state !== "inProgress")) return null;
    const path = job["name"] as string;
    const component = internalOf(job)["component"] ?? scheduler;
    const args = (job["args"] as Value[])[0] as Record<string, Value>;
    const setState = (kind: string) =>
      database.patch("_scheduled_functions", jobId, {
        state: { kind },
        ...(kind === "inProgress" ? {} : { completedTime: Date.now() }),
      });
    if (state === "inProgress") {
      // An action that was running when its worker was replaced: whether it took effect is unknown.
      await this.#write(id, () => setState("failed"));
      return null;
    }
    const isMutation = this.#components.functions(component)?.find(path)?.kind === "mutation";
    if (!isMutation) await this.#write(id, () => setState("inProgress"));
    const outcome = await this.#outcome(newContext(id), null, async () => {
      if (!isMutation) return await this.#runAs({ caller: ADMIN }, { component, path }, args);
      return await this.#components.test.runInComponent(scheduler, async (ctx) => {
        setState("success");
        const handle = `function://${component};${path}` as unknown;
        return (await ctx.runMutation(handle as FunctionReference<"mutation">, args)) as Value;
      });
    });
    if (!outcome.ok) await this.#write(id, () => setState("failed"));
    else if (!isMutation) await this.#write(id, () => setState("success"));
    return outcome;
  }

  /** Makes a file of a content that is among the blobs; the answer is the id of its document. */
  async storeFile(
    id: number,
    { component, file }: { component: ComponentPath; file: M.StoredFile },
  ): Promise<string> {
    let storageId = "";
    await this.#write(id, () => (storageId = this.#files.insert(component, file)));
    return storageId;
  }

  /** Writes the documents of an import. It is no function: it may take as long as it takes. */
  async importTables(id: number, tables: M.TableImport[]): Promise<M.ImportOutcome> {
    const release = await this.#lock.acquire();
    try {
      for (const { component } of tables) this.#components.ensure(component);
      let written = 0;
      await requestContext.run(newContext(id, { ownsLock: true }), () =>
        this.#components.test.run(async () => {
          written = await importTables(this.#components, tables);
        }),
      );
      return { ok: true, written };
    } catch (error) {
      return { ok: false, ...describeFunctionError(error, this.#directory) };
    } finally {
      release();
    }
  }

  async #runQuery(query: M.BatchQuery): Promise<M.QueryOutcome> {
    const reads = new ReadRecorder();
    const context = newContext(query.id, { reads, ownsLock: true, pinnedCursor: query.journal });
    const found = this.#find(query.call);
    if (typeof found === "string")
      return { call: refusedCall(found), journal: null, reads: NOTHING_READ };
    const call = await this.#attempt(context, query.call, found);
    return { call, journal: context.endCursor, reads: reads.result() };
  }

  #find(call: M.FunctionCall): RegisteredFunction | string {
    const found = this.#components.functions(call.component ?? "")?.find(call.path);
    const shown = displayFunctionPath(call.path);
    if (call.kind === "any" && found === undefined)
      return `Could not find function for '${shown}'. Did you forget to run \`npx convex dev\`?`;
    const isOpen = found?.isPublic === true && (call.component ?? "") === "";
    if (found === undefined || !(isOpen || call.caller.isAdmin))
      return `Could not find public function for '${shown}'.`;
    if (call.kind === "any" || call.kind === found.kind) return found;
    const [module, name] = call.path.split(":");
    const title = (kind: string) => kind.charAt(0).toUpperCase() + kind.slice(1);
    return `Trying to execute ${module ?? ""}.js:${name ?? ""} as ${title(call.kind)}, but it is defined as ${title(found.kind)}.`;
  }

  #attempt(
    context: RequestContext,
    call: M.FunctionCall,
    { kind }: RegisteredFunction,
  ): Promise<M.CallOutcome> {
    return this.#outcome(context, kind, () => {
      const args = jsonToConvex(JSON.parse(call.args) as JSONValue);
      const { component = "", path } = call;
      return this.#runAs(call, { component, path }, args as Record<string, Value>);
    });
  }

  async #attemptAt(ts: bigint, run: () => Promise<M.CallOutcome>): Promise<M.CallOutcome> {
    const overlays = this.#history.at(ts);
    if (overlays !== null) return await this.#components.withOverlays(overlays, run);
    return refusedCall("OutOfRetention: the timestamp of this query is too long ago.", "query");
  }

  async #outcome(
    context: RequestContext,
    kind: M.FunctionKind | null,
    run: () => Promise<Value | undefined>,
  ): Promise<M.CallOutcome> {
    const started = performance.now();
    const common = () => ({ kind, logLines: context.logLines, ranMs: performance.now() - started });
    try {
      const result = await requestContext.run(context, run);
      const value = JSON.stringify(convexToJson(result ?? null));
      return {
        ...common(),
        ok: true,
        value,
        ts: this.#components.internals.transactions._lastCommitTs,
      };
    } catch (error) {
      return { ...common(), ok: false, ...describeFunctionError(error, this.#directory) };
    }
  }

  async #runAs(
    sender: Sender,
    { component: componentPath, path: udfPath }: { component: ComponentPath; path: string },
    args: Record<string, Value>,
  ): Promise<Value | undefined> {
    const kind = this.#components.functions(componentPath)?.find(udfPath)?.kind;
    if (kind === undefined) throw new PlatformError(`Could not find function for '${udfPath}'.`);
    const { caller, ip = null, userAgent = null } = sender;
    // What this returns has every method, whatever its type says.
    const metadata = { ip, userAgent };
    const test = this.#as(caller).withRequestMetadata(metadata) as unknown as EngineAccessor;
    const run = {
      query: "queryFromPath",
      mutation: "mutationFromPath",
      action: "actionFromPath",
    } as const;
    return (await test[run[kind]]({ componentPath, udfPath }, args)) as Value;
  }

  #as(caller: M.Caller): EngineAccessor {
    const { test } = this.#components;
    if (caller.identity === null) return test;
    return test.withIdentity(caller.identity) as unknown as EngineAccessor;
  }

  #routeHttp({ path: asked, method }: M.HttpActionRequest): {
    component: ComponentPath;
    path: string;
  } {
    const [pathname = "", ...query] = asked.split("?");
    let [component, path] = ["", pathname];
    for (;;) {
      const mount = this.#components.functions(component)?.httpMount({ path, method }) ?? null;
      if (mount === null) return { component, path: [path, ...query].join("?") };
      ({ child: component, path } = mount);
    }
  }

  async #write(id: number, change: () => void): Promise<void> {
    await requestContext.run(newContext(id), () =>
      this.#components.test.run(async () => {
        await Promise.resolve();
        change();
      }),
    );
  }

  async #inTransaction<T>(id: number, run: () => Promise<T>): Promise<T> {
    const release = await this.#lock.acquire();
    this.#events.current(id);
    try {
      return await run();
    } finally {
      this.#events.current(0);
      release();
    }
  }

  #committed(changes: DocumentChange[], counters: Counters): void {
    const ts = this.#components.internals.transactions._lastCommitTs;
    this.#history.add(ts, changes);
    const commit = { ts, changes, counters };
    const context = requestContext.getStore();
    if (context?.commit === null) context.commit = commit;
    else this.#events.commit(commit);
  }
}
