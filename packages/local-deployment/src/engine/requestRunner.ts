import type { ComponentPath } from "../documents/componentTables.ts";
import type {
  CountedCommit,
  Counters,
  DocumentChange,
  Snapshot,
} from "../documents/documentStore.ts";
import { History } from "../documents/history.ts";
import { NOTHING_READ } from "../documents/readSet.ts";
import type { StoredFile } from "../documents/uploadedFile.ts";
import type { Blobs } from "../storage/blobs.ts";
import {
  refusedCall,
  type BatchOutcome,
  type BatchQuery,
  type CallOutcome,
  type FunctionCall,
  type HttpActionOutcome,
  type HttpActionRequest,
  type ImportOutcome,
  type InlineQuery,
  type QueryOutcome,
  type TableImport,
} from "./callsAndOutcomes.ts";
import { currentFunction } from "./currentFunction.ts";
import { answerDocumentCalls } from "./documentSyscalls.ts";
import type { EngineCode, SchemaJson } from "./engineCode.ts";
import { EngineComponents } from "./engineComponents.ts";
import { FileStorage } from "./fileStorage.ts";
import { handleCalls } from "./functionCalls.ts";
import { describeFunctionError } from "./functionErrors.ts";
import { FunctionRegistry } from "./functionRegistry.ts";
import { FunctionRunner } from "./functionRunner.ts";
import { importTables } from "./importTables.ts";
import { loadInlineQuery } from "./inlineQuery.ts";
import { withData } from "./invokeFunction.ts";
import { JobRunner, write } from "./jobRunner.ts";
import { provideRequire } from "./nodeRequire.ts";
import { newContext, ReadRecorder, requestContext, runAbortable } from "./requestContext.ts";
import {
  handleScheduling,
  hideInternalFields,
  refuseForeignInternals,
  throwWhenAsked,
} from "./syscalls.ts";
import { handleCancelling } from "./systemTables.ts";
import { lockTransactions, TransactionLock } from "./transactionLock.ts";
import type { UploadTokens } from "./uploadTokens.ts";
import { showUserStacks } from "./userStacks.ts";

type Deployed = { functions: FunctionRegistry; schema: SchemaJson | null };

export type RunnerEvents = {
  commit(commit: CountedCommit): void;
  /** Resolves when all commits so far are durable. */
  untilStored(): Promise<void>;
  actionStarted(id: number): void;
  /** The request whose transaction runs now; 0 when none does. */
  current(id: number): void;
};

/** Runs functions one transaction at a time: the part of the engine that knows convex-test. */
export class RequestRunner {
  readonly #components: EngineComponents;
  readonly #functions: FunctionRunner;
  readonly #files: FileStorage;
  readonly #jobs: JobRunner;
  readonly #history = new History();
  readonly #lock = new TransactionLock();
  readonly #events: RunnerEvents;

  constructor(
    snapshot: Snapshot,
    storage: { blobs: Blobs; tokens: UploadTokens },
    events: RunnerEvents,
  ) {
    this.#events = events;
    this.#components = new EngineComponents(snapshot, (changes, counters) =>
      this.#committed(changes, counters),
    );
    this.#functions = new FunctionRunner(this.#components);
    const { internals } = this.#components;
    lockTransactions(this.#components, this.#lock, (current) => events.current(current));
    handleCalls(this.#components, () => events.untilStored());
    throwWhenAsked(internals);
    answerDocumentCalls(this.#components);
    handleScheduling(this.#components);
    handleCancelling(this.#components);
    hideInternalFields(this.#components);
    refuseForeignInternals(this.#components);
    this.#jobs = new JobRunner(this.#components, this.#functions, () => events.untilStored());
    this.#files = new FileStorage(this.#components, storage, () => events.untilStored());
  }

  async deploy(code: EngineCode): Promise<null> {
    // The worker's environment is its own: it is all that user code sees.
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, code.env);
    provideRequire(code.directory);
    showUserStacks(code);
    const deployed = new Map<ComponentPath, Deployed>();
    for (const component of code.components) {
      const functions = await FunctionRegistry.load(code.directory, component);
      deployed.set(component.path, { functions, schema: component.schema });
    }
    const release = await this.#lock.acquire();
    this.#components.deploy(deployed);
    this.#files.cloudUrl = code.env["CONVEX_CLOUD_URL"] ?? "";
    release();
    return null;
  }

  /** Runs a function; `done` is told the outcome, and a mutation's commit, before the next transaction may begin. */
  async call(
    id: number,
    { call, atTs }: { call: FunctionCall; atTs: bigint | null },
    done: (outcome: CallOutcome, commit?: CountedCommit | null) => void,
  ): Promise<void> {
    const context = newContext(id);
    const found = this.#functions.find(call);
    if (typeof found === "string") {
      done(refusedCall(found));
      return;
    }
    if (found.kind === "action") {
      this.#events.actionStarted(id);
      done(await this.#functions.attempt(context, call, found));
      return;
    }
    await this.#inTransaction(id, async () => {
      context.ownsLock = true;
      context.commit = null;
      if (atTs === null) done(await this.#functions.attempt(context, call, found), context.commit);
      else done(await this.#attemptAt(atTs, () => this.#functions.attempt(context, call, found)));
    });
  }

  /** Runs queries over one state of the documents. */
  async batch(id: number, queries: BatchQuery[]): Promise<BatchOutcome> {
    return await this.#inTransaction(id, async () => {
      const results: QueryOutcome[] = [];
      for (const query of queries) {
        this.#events.current(query.id);
        results.push(await this.#runQuery(query));
      }
      return { ts: this.#components.internals.transactions._lastCommitTs, results };
    });
  }

  async inlineQuery(
    id: number,
    { component, source }: InlineQuery,
    done: (outcome: CallOutcome) => void,
  ): Promise<void> {
    if (this.#components.functions(component) === null && component !== "") {
      done(refusedCall(`There is no component "${component}".`));
      return;
    }
    await this.#inTransaction(id, async () => {
      const place = { component, kind: "query", env: null } as const;
      const run = () =>
        this.#components.inside(component, () =>
          currentFunction.run(place, async () =>
            this.#components.test.query(await loadInlineQuery(source)),
          ),
        );
      done(await this.#functions.outcome(newContext(id, { ownsLock: true }), "query", run));
    });
  }

  async httpAction(id: number, request: HttpActionRequest): Promise<HttpActionOutcome> {
    const { url: httpUrl, tokenProblem } = request;
    const context = newContext(id, { httpUrl, tokenProblem });
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
      const { component, path } = this.#components.routeHttp(request);
      const response = await runAbortable(context, () =>
        this.#components.inside(component, () =>
          this.#functions.as(request.caller).fetch(path, { method, headers, body }),
        ),
      );
      const { status } = response;
      const content = await response.arrayBuffer();
      return { ok: true, status, headers: [...response.headers], body: content, ...outcome() };
    } catch (error) {
      const described = describeFunctionError(withData(error));
      return { ...outcome(), ok: false, ...described };
    }
  }

  /** Runs a scheduled function that is due. A mutation and its end are one transaction. */
  async scheduled(
    id: number,
    job: { component: ComponentPath; jobId: string },
  ): Promise<CallOutcome | null> {
    return await this.#jobs.run(id, job);
  }

  /** Makes a file of a content that is among the blobs; the answer is the id of its document. */
  async storeFile(
    id: number,
    { component, file }: { component: ComponentPath; file: StoredFile },
  ): Promise<string> {
    let storageId = "";
    await write(this.#components, id, () => (storageId = this.#files.insert(component, file)));
    return storageId;
  }

  /** Writes the documents of an import. It is no function: it may take as long as it takes. */
  async importTables(id: number, tables: TableImport[]): Promise<ImportOutcome> {
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
      return { ok: false, ...describeFunctionError(error) };
    } finally {
      release();
    }
  }

  async #runQuery(query: BatchQuery): Promise<QueryOutcome> {
    const reads = new ReadRecorder();
    const context = newContext(query.id, { reads, ownsLock: true, pinnedCursor: query.journal });
    const found = this.#functions.find(query.call);
    if (typeof found === "string")
      return { call: refusedCall(found), journal: null, reads: NOTHING_READ };
    const call = await this.#functions.attempt(context, query.call, found);
    return { call, journal: context.endCursor, reads: reads.result() };
  }

  async #attemptAt(ts: bigint, run: () => Promise<CallOutcome>): Promise<CallOutcome> {
    const overlays = this.#history.at(ts);
    if (overlays !== null) return await this.#components.withOverlays(overlays, run);
    return refusedCall("OutOfRetention: the timestamp of this query is too long ago.", "query");
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
    const told = changes.map(({ id, table, after }) => ({ id, table, after }));
    const commit = { ts, changes: told, counters };
    const context = requestContext.getStore();
    if (context?.commit === null) context.commit = commit;
    else this.#events.commit(commit);
  }
}
