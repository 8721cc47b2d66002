import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";
import { makeFunctionReference } from "convex/server";
import { convexTest } from "convex-test";

import { displayFunctionPath } from "./functionPaths.ts";
import { NOTHING_READ } from "../documents/readSet.ts";
import type { CountedCommit, DocumentChange, Snapshot } from "../documents/documentStore.ts";
import { internalsOf, type EngineInternals, type EngineTest } from "./convexTestInternals.ts";
import { IndexedDatabase } from "./engineDatabase.ts";
import { describeFunctionError, PlatformError } from "./functionErrors.ts";
import { FunctionRegistry, type RegisteredFunction } from "./functionRegistry.ts";
import { History } from "./history.ts";
import { ADMIN, refusedCall } from "./messages.ts";
import type * as M from "./messages.ts";
import { newContext, ReadRecorder, requestContext, type RequestContext } from "./requestContext.ts";
import { handleScheduling, refuseStorage } from "./syscalls.ts";
import { TransactionLock } from "./transactionLock.ts";

type Sender = Pick<M.FunctionCall, "caller" | "ip" | "userAgent">;

export type RunnerEvents = {
  commit(commit: CountedCommit): void;
  actionStarted(id: number): void;
  /** The request whose transaction runs now; 0 when none does. */
  current(id: number): void;
};

/** Runs functions one transaction at a time: the part of the engine that knows convex-test. */
export class RequestRunner {
  readonly #test: EngineTest;
  readonly #internals: EngineInternals;
  readonly #database: IndexedDatabase;
  readonly #history = new History();
  readonly #lock = new TransactionLock();
  readonly #events: RunnerEvents;
  #registry: FunctionRegistry | null = null;
  #directory = "";

  constructor(snapshot: Snapshot, events: RunnerEvents) {
    this.#events = events;
    this.#test = convexTest({
      modules: { "./_generated/api.js": () => Promise.resolve({}) },
      transactionLimits: true,
    });
    this.#internals = internalsOf(this.#test);
    this.#internals.transactions._lastCommitTs = snapshot.ts;
    this.#database = new IndexedDatabase(this.#internals.database, snapshot, (changes) =>
      this.#committed(changes),
    );
    this.#internals.setModules((path) => this.#moduleFor(path));
    this.#lockTransactions();
    handleScheduling(this.#internals, (path) => this.#registry?.find(path) !== undefined);
    refuseStorage(this.#internals);
  }

  async deploy(code: M.EngineCode): Promise<null> {
    // The worker's environment is its own: it is all that user code sees.
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, code.env);
    const registry = await FunctionRegistry.load(code);
    const release = await this.#lock.acquire();
    this.#registry = registry;
    this.#directory = code.directory;
    this.#database.setSchema(code.schema);
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
      return { ts: this.#internals.transactions._lastCommitTs, results };
    });
  }

  async httpAction(id: number, request: M.HttpActionRequest): Promise<M.HttpActionOutcome> {
    const context = newContext(id, { httpUrl: request.url });
    const started = performance.now();
    const { method, headers, body } = request;
    const outcome = () => ({ logLines: context.logLines, ranMs: performance.now() - started });
    if (this.#registry?.hasHttpRoutes !== true)
      return {
        ok: false,
        message: "This Convex deployment does not have HTTP actions enabled.",
        ...outcome(),
      };
    try {
      const response = await requestContext.run(context, () =>
        this.#as(request.caller).fetch(request.path, { method, headers, body }),
      );
      const { status } = response;
      const content = await response.arrayBuffer();
      return { ok: true, status, headers: [...response.headers], body: content, ...outcome() };
    } catch (error) {
      return { ...outcome(), ok: false, ...describeFunctionError(error, this.#directory) };
    }
  }

  /** Runs a scheduled function that is due. A mutation and its success are one transaction. */
  async scheduled(id: number, jobId: string): Promise<M.CallOutcome | null> {
    const database = this.#internals.database;
    const job = database._documents[jobId];
    const state = (job?.["state"] as { kind: string } | undefined)?.kind;
    if (job == null || (state !== "pending" && state !== "inProgress")) return null;
    const name = job["name"] as string;
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
    const isMutation = this.#registry?.find(name)?.kind === "mutation";
    if (!isMutation) await this.#write(id, () => setState("inProgress"));
    const outcome = await this.#outcome(newContext(id), null, async () => {
      if (!isMutation) return await this.#runAs({ caller: ADMIN }, name, args);
      return await this.#test.run(async (ctx) => {
        setState("success");
        return (await ctx.runMutation(makeFunctionReference<"mutation">(name), args)) as Value;
      });
    });
    if (!outcome.ok) await this.#write(id, () => setState("failed"));
    else if (!isMutation) await this.#write(id, () => setState("success"));
    return outcome;
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
    const found = this.#registry?.find(call.path);
    const shown = displayFunctionPath(call.path);
    if (call.kind === "any" && found === undefined)
      return `Could not find function for '${shown}'. Did you forget to run \`npx convex dev\`?`;
    if (found === undefined || (!found.isPublic && !call.caller.isAdmin))
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
      return this.#runAs(call, call.path, args as Record<string, Value>);
    });
  }

  async #attemptAt(ts: bigint, run: () => Promise<M.CallOutcome>): Promise<M.CallOutcome> {
    const overlay = this.#history.at(ts);
    if (overlay !== null) return await this.#database.withOverlay(overlay, run);
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
      return { ...common(), ok: true, value, ts: this.#internals.transactions._lastCommitTs };
    } catch (error) {
      return { ...common(), ok: false, ...describeFunctionError(error, this.#directory) };
    }
  }

  async #runAs(
    sender: Sender,
    path: string,
    args: Record<string, Value>,
  ): Promise<Value | undefined> {
    const kind = this.#registry?.find(path)?.kind;
    if (kind === undefined) throw new PlatformError(`Could not find function for '${path}'.`);
    const { caller, ip = null, userAgent = null } = sender;
    const test = this.#as(caller).withRequestMetadata({ ip, userAgent });
    switch (kind) {
      case "query":
        return (await test.query(makeFunctionReference<"query">(path), args)) as Value;
      case "mutation":
        return (await test.mutation(makeFunctionReference<"mutation">(path), args)) as Value;
      case "action":
        return (await test.action(makeFunctionReference<"action">(path), args)) as Value;
    }
  }

  #as(
    caller: M.Caller,
  ): Pick<EngineTest, "query" | "mutation" | "action" | "fetch" | "withRequestMetadata"> {
    return caller.identity === null ? this.#test : this.#test.withIdentity(caller.identity);
  }

  async #write(id: number, change: () => void): Promise<void> {
    await requestContext.run(newContext(id), () =>
      this.#test.run(async () => {
        await Promise.resolve();
        change();
      }),
    );
  }

  #moduleFor(path: string): Promise<Record<string, unknown>> {
    const module = this.#registry?.module(path);
    if (module === undefined)
      throw new PlatformError(
        `Could not find function for '${path}'. Did you forget to run \`npx convex dev\`?`,
      );
    return Promise.resolve(module);
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

  /** Makes the transactions inside actions wait for their turn, too. */
  #lockTransactions(): void {
    const { transactions, database } = this.#internals;
    const begin = transactions.begin.bind(transactions);
    const end = transactions._endTransaction.bind(transactions);
    let release: (() => void) | null = null;
    transactions.begin = async (isNested, limits) => {
      const context = requestContext.getStore();
      if (!isNested && context?.ownsLock !== true) {
        release = await this.#lock.acquire();
        this.#events.current(context?.id ?? 0);
      }
      await begin(isNested, limits);
    };
    transactions._endTransaction = (isNested) => {
      end(isNested);
      if (isNested) return;
      // convex-test keeps what a query has not yet read for ever.
      database._queryResults = {};
      if (release === null) return;
      const next = release;
      release = null;
      this.#events.current(0);
      next();
    };
  }

  #committed(changes: DocumentChange[]): void {
    const { database, transactions } = this.#internals;
    const ts = transactions._lastCommitTs;
    this.#history.add(ts, changes);
    const counters = {
      nextDocId: database._nextDocId,
      lastCreationTime: database._lastCreationTime,
    };
    const told = changes.map(({ id, table, after }) => ({ id, table, after }));
    const commit = { ts, changes: told, counters };
    const context = requestContext.getStore();
    if (context?.commit === null) context.commit = commit;
    else this.#events.commit(commit);
  }
}
