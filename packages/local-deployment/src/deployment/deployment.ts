import { EventEmitter } from "node:events";

import type { AuthProvider } from "../authentication/authProviders.ts";
import { DocumentStore, type Commit } from "../documents/documentStore.ts";
import { Engine } from "../engine/engine.ts";
import { ADMIN } from "../engine/messages.ts";
import type {
  CallOutcome,
  FunctionCall,
  HttpActionOutcome,
  HttpActionRequest,
} from "../engine/messages.ts";
import { analyze } from "../push/analyze.ts";
import {
  hasAuthConfig,
  nodeModules,
  toEngineCode,
  type DeployedCode,
} from "../push/deployedCode.ts";
import { ModuleFolders } from "../push/moduleFiles.ts";
import type { CronJob } from "../push/pushFormats.ts";
import { Pushes, type PushTarget } from "../push/pushes.ts";
import { Crons } from "../schedule/crons.ts";
import { ScheduledJobs } from "../schedule/scheduledJobs.ts";
import { runSystemQuery } from "../system/systemQueries.ts";
import { canonicalFunctionPath, displayFunctionPath } from "../wire/functionPaths.ts";
import { badRequest, RequestError, UNAVAILABLE } from "../wire/requestError.ts";
import { changedEnvironment, type EnvironmentChange } from "./environment.ts";
import { ExecutionLog } from "./executionLog.ts";
import { newRequestId, udfTypeOf } from "./requestIds.ts";

export type DeploymentLimits = {
  /** How long a query or mutation may run, in ms. @default 5000 */
  transactionMs: number;
  /** How long an action may run, in ms. @default 600000 */
  actionMs: number;
};

export const DEFAULT_LIMITS: DeploymentLimits = { transactionMs: 5000, actionMs: 600_000 };

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
  readonly documents = new DocumentStore();
  readonly folders = new ModuleFolders();
  readonly log = new ExecutionLog();
  readonly pushes: Pushes;
  readonly engine: Engine;
  readonly #jobs: ScheduledJobs;
  readonly #crons: Crons;
  readonly #actionMs: number;
  #active: DeployedCode | null = null;
  #authProviders: AuthProvider[] = [];
  #env: Record<string, string>;
  #urls = { cloudUrl: "", siteUrl: "" };
  #changes: Promise<unknown> = Promise.resolve();

  constructor(env: Record<string, string>, limits: DeploymentLimits) {
    super();
    this.setMaxListeners(0);
    this.#env = changedEnvironment({}, toChanges(env));
    this.#actionMs = limits.actionMs;
    this.pushes = new Pushes(this);
    const report = (error: unknown) => void this.emit("fault", error);
    this.#jobs = new ScheduledJobs((jobId) => void this.#runJob(jobId).catch(report));
    this.#crons = new Crons((job) => this.#runCron(job).catch(report));
    this.engine = new Engine({
      store: this.documents,
      transactionMs: limits.transactionMs,
      onCommit: (commit) => {
        this.#jobs.see(commit);
        this.emit("commit", commit);
      },
      onStray: (message) => this.#logFailure("(outside of a request)", message),
    });
  }

  get active(): DeployedCode | null {
    return this.#active;
  }

  get authProviders(): readonly AuthProvider[] {
    return this.#authProviders;
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
   * Runs a function, or answers a system query.
   *
   * @param atTs the timestamp as of which a query shall run, or null for now.
   * @throws RequestError 503 for a function that could not run now, and may be called again.
   */
  async call(
    call: FunctionCall,
    atTs: bigint | null = null,
  ): Promise<{ requestId: string; outcome: CallOutcome }> {
    const requestId = newRequestId();
    if (call.path.startsWith("_system/")) {
      const outcome = runSystemQuery(this, call);
      return { requestId, outcome };
    }
    const outcome = await this.#withinLimit(this.engine.call(call, atTs), call.path);
    if (outcome.ok) this.documents.sawTimestamp(outcome.ts);
    this.logExecution(call.path, { outcome, requestId });
    if (!outcome.ok && outcome.transientCode !== undefined)
      throw new RequestError(UNAVAILABLE, outcome.transientCode, outcome.message);
    return { requestId, outcome };
  }

  /** Runs a query that is not deployed: the source of a module that exports it. */
  async inlineQuery(source: string): Promise<{ requestId: string; outcome: CallOutcome }> {
    return { requestId: newRequestId(), outcome: await this.engine.inlineQuery(source) };
  }

  async httpAction(
    request: HttpActionRequest,
  ): Promise<{ requestId: string; outcome: HttpActionOutcome }> {
    const requestId = newRequestId();
    const outcome = await this.#withinLimit(this.engine.httpAction(request));
    this.#addToLog("HttpAction", `${request.method} ${request.path}`, { outcome, requestId });
    return { requestId, outcome };
  }

  logExecution(
    path: string,
    { outcome, requestId }: { outcome: CallOutcome; requestId: string },
  ): void {
    this.#addToLog(udfTypeOf(outcome), displayFunctionPath(path), { outcome, requestId });
  }

  async activate(code: DeployedCode): Promise<void> {
    await this.#oneAtATime(async () => {
      await this.engine.deploy(toEngineCode(code, this.functionEnv));
      this.#active = code;
      this.#authProviders = code.analysis.authProviders;
      this.emit("changed");
      this.#crons.set(code.analysis.crons);
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
    await this.folders.close();
  }

  /** Modules may have read variables while they were loaded: they are loaded again. */
  async #reload(active: DeployedCode): Promise<void> {
    const { modules, files } = active;
    const directory = await this.folders.write(files);
    if (hasAuthConfig(modules)) {
      const request = {
        directory,
        modules: null,
        hasSchema: false,
        hasDefinition: false,
        hasAuthConfig: true,
        env: this.functionEnv,
      };
      try {
        this.#authProviders = (await analyze(request)).authProviders;
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        const reason = error.message.replace(/^Hit an error while pushing:\n/, "");
        throw badRequest(error.code, `This change would make the auth config invalid: ${reason}`);
      }
    }
    const code = { ...active, directory };
    await this.engine.deploy(toEngineCode(code, this.functionEnv));
    this.#active = code;
  }

  #oneAtATime<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => undefined);
    return result;
  }

  async #withinLimit<T extends { ok: boolean }>(running: Promise<T>, path = ""): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<T>((resolve) => {
      timer = setTimeout(() => {
        const what = this.#nameOfNodeAction(path) ?? "Function";
        const message = `${what} execution timed out (maximum duration: ${this.#actionMs / 1000}s)`;
        // Wide enough for every kind of outcome.
        const late = { ok: false, message, kind: "action", logLines: [], ranMs: this.#actionMs };
        resolve(late as unknown as T);
      }, this.#actionMs);
      timer.unref();
    });
    try {
      return await Promise.race([running, limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  #nameOfNodeAction(path: string): string | null {
    const [module = "", name = ""] = path.split(":");
    const isNode = nodeModules(this.#active?.modules ?? []).includes(`${module}.js`);
    return isNode ? `Action \`${name}\`` : null;
  }

  async #runJob(jobId: string): Promise<void> {
    const name = this.documents.get(jobId)?.["name"] as string;
    const outcome = await this.engine.scheduled(jobId);
    if (outcome !== null) this.logExecution(name, { outcome, requestId: newRequestId() });
  }

  async #runCron(job: CronJob): Promise<void> {
    const path = canonicalFunctionPath(job.function);
    const args = JSON.stringify(job.args[0] ?? {});
    await this.call({ kind: "any", path, args, caller: ADMIN });
  }

  /** Something that no caller is told, in the log that `convex logs` shows. */
  #logFailure(identifier: string, message: string): void {
    const outcome: HttpActionOutcome = { ok: false, message, logLines: [], ranMs: 0 };
    this.#addToLog("Action", identifier, { outcome, requestId: newRequestId() });
  }

  #addToLog(
    udfType: "Query" | "Mutation" | "Action" | "HttpAction",
    identifier: string,
    { outcome, requestId }: { outcome: CallOutcome | HttpActionOutcome; requestId: string },
  ): void {
    this.log.add({
      kind: "Completion",
      udfType,
      identifier,
      logLines: outcome.logLines,
      timestamp: Date.now() / 1000,
      executionTime: outcome.ranMs / 1000,
      error: outcome.ok ? null : outcome.message,
      requestId,
      success: null,
    });
  }
}

function toChanges(env: Record<string, string>): EnvironmentChange[] {
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}
