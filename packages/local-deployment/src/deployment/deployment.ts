import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { join } from "node:path";

import { splitTable, type ComponentPath } from "../documents/componentTables.ts";
import { DocumentStore, type Commit } from "../documents/documentStore.ts";
import { Files } from "../documents/files.ts";
import { describeFile, type UploadedFile } from "../documents/uploadedFile.ts";
import {
  ADMIN,
  type FunctionCall,
  type HttpActionOutcome,
  type HttpActionRequest,
  type InlineQuery,
  type TableImport,
} from "../engine/callsAndOutcomes.ts";
import { Engine } from "../engine/engine.ts";
import { canonicalFunctionPath } from "../engine/functionPaths.ts";
import { UploadTokens } from "../engine/uploadTokens.ts";
import { authProvidersWith } from "../push/analyze.ts";
import type { AuthProvider } from "../push/authProviders.ts";
import {
  cronJobsOf,
  definitionFolders,
  hasAuthConfig,
  mountFolders,
  nodeActionOf,
  toEngineCode,
  type DeployedCode,
} from "../push/deployedCode.ts";
import { ModuleFolders } from "../push/moduleFiles.ts";
import { Pushes, type PushTarget } from "../push/pushes.ts";
import type { CronJob } from "../push/pushFormats.ts";
import { badRequest, RequestError, UNAVAILABLE } from "../requestError.ts";
import { Exports } from "../snapshots/exports.ts";
import { Imports } from "../snapshots/imports.ts";
import { folderBlobs, memoryBlobs, type ListedBlobs } from "../storage/blobs.ts";
import type { DataFile } from "../storage/dataFile.ts";
import { Crons } from "./crons.ts";
import { changedEnvironment, changesOf, type EnvironmentChange } from "./environment.ts";
import { ExecutionLog } from "./executionLog.ts";
import { withinLimit, type DeploymentLimits } from "./limits.ts";
import { MutationReceipts, receiptRecord, type Answer } from "./mutationReceipts.ts";
import { newRequestId } from "./requestIds.ts";
import { ScheduledJobs } from "./scheduledJobs.ts";
import { readCode, readVariables, recordsOf } from "./storedCode.ts";
import { runSystemQuery } from "./systemQueries.ts";

/** What callers of the deployment can be told about. */
type DeploymentEvents = {
  commit: [Commit];
  /** Code or variables have changed: what was answered before may no longer hold. */
  changed: [];
  /** Something went wrong in the deployment itself. */
  fault: [unknown];
};

/** The state of a deployment and what happens in it, whatever protocol asks for it. */
export class Deployment extends EventEmitter<DeploymentEvents> implements PushTarget {
  readonly documents: DocumentStore;
  readonly blobs: ListedBlobs;
  readonly files: Files;
  readonly uploadTokens: UploadTokens;
  readonly imports = new Imports(this);
  readonly exports: Exports;
  readonly folders = new ModuleFolders();
  readonly log = new ExecutionLog();
  readonly pushes: Pushes;
  readonly engine: Engine;
  readonly #jobs: ScheduledJobs;
  readonly #crons: Crons;
  readonly #actionMs: number;
  readonly #receipts: MutationReceipts;
  readonly #file: DataFile | null;
  readonly #stored: Omit<DeployedCode, "directory"> | null;
  #active: DeployedCode | null = null;
  #env: Record<string, string>;
  #urls = { cloudUrl: "", siteUrl: "" };
  #changes: Promise<unknown> = Promise.resolve();

  /**
   * @param file where its data is kept, or null to keep it in memory only.
   * @throws DataFileError `DATA_DAMAGED`, RequestError 400 for a variable that is not allowed.
   */
  constructor(env: Record<string, string>, limits: DeploymentLimits, file: DataFile | null) {
    super();
    this.setMaxListeners(0);
    this.#file = file;
    const records = file?.read() ?? [];
    this.documents = new DocumentStore(file, records);
    this.#receipts = new MutationReceipts(file, records);
    this.#stored = readCode(records);
    this.#env = changedEnvironment(readVariables(records), changesOf(env));
    this.#actionMs = limits.actionMs;
    this.pushes = new Pushes(this);
    const report = (error: unknown) => void this.emit("fault", error);
    const uploadSecret = randomBytes(32).toString("hex");
    this.uploadTokens = new UploadTokens(uploadSecret);
    this.blobs = file === null ? memoryBlobs() : folderBlobs(join(file.folder, "files"));
    this.files = new Files(this.documents, this.blobs, report);
    this.exports = new Exports(this);
    this.#jobs = new ScheduledJobs((table, id) => this.#runJob(table, id), report);
    this.#crons = new Crons((job) => this.#runCron(job).catch(report));
    this.engine = new Engine({
      store: this.documents,
      blobs: this.blobs,
      uploadSecret,
      transactionMs: limits.transactionMs,
      onCommit: (commit) => {
        this.#jobs.see(commit);
        this.files.see(commit);
        this.emit("commit", commit);
      },
      onStray: (message) => this.log.addFailure("(outside of a request)", message),
      receiptOf: receiptRecord,
    });
  }

  get active(): DeployedCode | null {
    return this.#active;
  }

  get authProviders(): readonly AuthProvider[] {
    return this.#active?.analysis.authProviders ?? [];
  }

  get env(): Record<string, string> {
    return this.#env;
  }

  get functionEnv(): Record<string, string> {
    const { cloudUrl, siteUrl } = this.#urls;
    return { ...this.#env, CONVEX_CLOUD_URL: cloudUrl, CONVEX_SITE_URL: siteUrl };
  }

  get cloudUrl(): string {
    return this.#urls.cloudUrl;
  }

  get siteUrl(): string {
    return this.#urls.siteUrl;
  }

  setUrls(urls: { cloudUrl: string; siteUrl: string }): void {
    this.#urls = urls;
  }

  /**
   * Goes on where an earlier process ended with the same data. Nothing else may be asked before it has resolved.
   *
   * @throws RequestError 400 if the deployed code cannot be loaded any more.
   */
  async restore(): Promise<void> {
    await this.files.sweep();
    if (this.#stored !== null) await this.#reload({ ...this.#stored, directory: "" });
    this.#file?.write(recordsOf(this.#active, this.#env));
    this.#startCrons();
    this.#jobs.resume(this.documents);
  }

  /**
   * Runs a function, or answers a system query.
   *
   * @param atTs the timestamp as of which a query shall run, or null for now.
   * @throws RequestError 503 for a function that could not run now, and may be called again.
   */
  async call(call: FunctionCall, atTs: bigint | null = null): Promise<Answer> {
    const requestId = newRequestId();
    if (call.path.startsWith("_system/")) {
      const outcome = runSystemQuery(this, call);
      return { requestId, outcome };
    }
    const outcome = await this.#withinLimit(this.engine.call(call, atTs), call.path);
    if (outcome.ok) this.documents.sawTimestamp(outcome.ts);
    this.log.addCall(call.path, { outcome, requestId });
    if (!outcome.ok && outcome.transientCode !== undefined)
      throw new RequestError(UNAVAILABLE, outcome.transientCode, outcome.message);
    return { requestId, outcome };
  }

  /**
   * Keeps an uploaded file.
   *
   * @returns the id of its document in `_storage`.
   * @throws RequestError 400 if its content has another hash than its sender says.
   */
  async storeFile(component: ComponentPath, file: UploadedFile): Promise<string> {
    const stored = describeFile(file);
    await this.blobs.put(stored.blob, file.content);
    return await this.engine.storeFile(component, stored);
  }

  /**
   * Writes the documents of an import.
   *
   * @returns how many there were.
   * @throws RequestError 400 if one of them cannot be written: then none is.
   */
  async importTables(tables: TableImport[]): Promise<number> {
    const outcome = await this.engine.importTables(tables);
    if (outcome.ok) return outcome.written;
    throw badRequest("ImportFailed", outcome.message);
  }

  /** Runs a mutation, or gives the answer that the same request of the same client's session was given before. */
  async callOnce(call: FunctionCall, sessionId: string, requestId: number): Promise<Answer> {
    const run = (receipt: string) => this.call({ ...call, receipt });
    return await this.#receipts.once(sessionId, requestId, run);
  }

  /** Runs a query that is not deployed: the source of a module that exports it. */
  async inlineQuery(query: InlineQuery): Promise<Answer> {
    return { requestId: newRequestId(), outcome: await this.engine.inlineQuery(query) };
  }

  async httpAction(
    request: HttpActionRequest,
  ): Promise<{ requestId: string; outcome: HttpActionOutcome }> {
    const requestId = newRequestId();
    const outcome = await this.#withinLimit(this.engine.httpAction(request));
    this.log.addRun("HttpAction", `${request.method} ${request.path}`, { outcome, requestId });
    return { requestId, outcome };
  }

  async activate(code: DeployedCode): Promise<void> {
    await this.#oneAtATime(async () => {
      await this.engine.deploy(toEngineCode(code, this.functionEnv));
      this.#file?.write(recordsOf(code, this.#env));
      this.#active = code;
      this.emit("changed");
      this.#startCrons();
    });
  }

  /** @throws RequestError 400 if the deployed auth config could not be evaluated any more, or a name is not allowed. */
  async changeEnvironment(changes: readonly EnvironmentChange[]): Promise<void> {
    await this.#oneAtATime(async () => {
      const env = changedEnvironment(this.#env, changes);
      const previous = this.#env;
      this.#env = env;
      try {
        if (this.#active !== null) await this.#reload(this.#active);
        this.#file?.write(recordsOf(this.#active, env));
      } catch (error) {
        this.#env = previous;
        throw error;
      }
      this.emit("changed");
    });
  }

  async close(): Promise<void> {
    this.#jobs.close();
    this.#crons.close();
    await this.engine.close();
    this.#file?.close();
    await this.folders.close();
  }

  /** Modules may have read variables while they were loaded: they are loaded again. */
  async #reload(active: DeployedCode): Promise<void> {
    const { app, components, modules, packages } = active;
    const directory = await this.folders.write(definitionFolders(active));
    await this.folders.add(directory, mountFolders(app, components));
    await this.folders.addPackages(directory, packages);
    const authProviders = hasAuthConfig(modules)
      ? await authProvidersWith(this.functionEnv, directory)
      : active.analysis.authProviders;
    const code = { ...active, directory, analysis: { ...active.analysis, authProviders } };
    await this.engine.deploy(toEngineCode(code, this.functionEnv));
    this.#active = code;
  }

  #startCrons(): void {
    this.#crons.set(this.#active === null ? [] : cronJobsOf(this.#active));
  }

  #oneAtATime<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => undefined);
    return result;
  }

  async #withinLimit<T extends { ok: boolean }>(running: Promise<T>, path = ""): Promise<T> {
    const limit = { ms: this.#actionMs, of: nodeActionOf(this.#active, path) ?? "Function" };
    return await withinLimit(running, limit);
  }

  async #runJob(table: string, jobId: string): Promise<void> {
    const name = this.documents.get(table, jobId)?.["name"] as string;
    const outcome = await this.engine.scheduled(splitTable(table).component, jobId);
    if (outcome !== null) this.log.addCall(name, { outcome, requestId: newRequestId() });
  }

  async #runCron(job: CronJob): Promise<void> {
    const path = canonicalFunctionPath(job.function);
    const args = JSON.stringify(job.args[0] ?? {});
    await this.call({ kind: "any", component: job.component, path, args, caller: ADMIN });
  }
}
