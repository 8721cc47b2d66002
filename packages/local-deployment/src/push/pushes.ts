import { createHash, randomUUID } from "node:crypto";

import type { DocumentStore } from "../documents/documentStore.ts";
import { badRequest } from "../requestError.ts";
import { analyze } from "./analyze.ts";
import { allMounts, definitionOf, mountComponents } from "./components.ts";
import { checkVariables } from "./declaredVariables.ts";
import {
  definitionFolders,
  filesToAnalyze,
  hasAuthConfig,
  mountFolders,
  pushedCode,
  type DeployedCode,
  type PushedCode,
} from "./deployedCode.ts";
import { moduleHash, type ModuleFolders } from "./moduleFiles.ts";
import type { FinishPushRequest, StartPushRequest } from "./pushFormats.ts";
import { finishPushResponse, schemaChange, startPushResponse } from "./pushResponses.ts";
import { evaluateSchema, findBrokenDocument } from "./schemaChanges.ts";

/** What pushing needs from the deployment. */
export type PushTarget = {
  readonly active: DeployedCode | null;
  readonly env: Record<string, string>;
  /** The variables as functions see them, with the deployment's own. */
  readonly functionEnv: Record<string, string>;
  readonly documents: DocumentStore;
  readonly folders: ModuleFolders;
  activate(code: DeployedCode): Promise<void>;
};

const KEPT_PUSHES = 10;

/** The steps of a push. Nothing that is deployed changes before the last one. */
export class Pushes {
  readonly #target: PushTarget;
  readonly #started = new Map<string, DeployedCode>();
  #newest: { key: string; code: Promise<DeployedCode> } | null = null;

  constructor(target: PushTarget) {
    this.#target = target;
  }

  configHashes(): unknown {
    const { active } = this.#target;
    return {
      config: { functions: "convex/" },
      moduleHashes: (active?.modules ?? []).map((module) => ({
        path: module.path,
        hash: moduleHash(module),
        environment: module.environment,
      })),
      udfServerVersion: active?.udfServerVersion ?? null,
    };
  }

  /** What a push would do to tables and indexes. What else is wrong with it, `start` will say. */
  async evaluateSchema(request: StartPushRequest): Promise<unknown> {
    const { active, documents } = this.#target;
    const { schema, udfServerVersion } = request.appDefinition;
    const files = schema === null ? [] : [schema];
    const pushed = { modules: [], files, components: [], packages: [], udfServerVersion };
    const after = schema === null ? null : (await this.#analyze(pushed)).analysis.schema;
    return evaluateSchema(active?.analysis.schema ?? null, after, documents);
  }

  /** The same for older CLIs. */
  async evaluatePush(request: StartPushRequest): Promise<unknown> {
    const code = await this.#evaluate(request);
    return { schemaChange: schemaChange("", this.#target.active, code) };
  }

  async start(request: StartPushRequest): Promise<unknown> {
    const code = await this.#evaluate(request);
    const pushId = randomUUID();
    this.#started.set(pushId, code);
    for (const oldest of this.#started.keys()) {
      if (this.#started.size <= KEPT_PUSHES) break;
      this.#started.delete(oldest);
    }
    const { active: before, env } = this.#target;
    return startPushResponse(pushId, { code, before, env });
  }

  waitForSchema(schemaIds: Record<string, string | null>): unknown {
    const code = this.#find(schemaIds);
    const broken = this.#findBroken(code);
    return broken === null ? { type: "complete" } : { type: "failed", ...broken };
  }

  async finish({ startPush, dryRun }: FinishPushRequest): Promise<unknown> {
    const code = this.#find(startPush.schemaChange.schemaIds);
    const { active: before, env } = this.#target;
    if (!isSameEnvironment(startPush.environmentVariables, env))
      throw badRequest(
        "RaceDetected",
        "Hit an error while pushing:\nEnvironment variables have changed during push",
      );
    checkVariables(code.analysis.definition.envVars, env);
    if (dryRun) return finishPushResponse(before, null);
    const broken = this.#findBroken(code);
    if (broken !== null)
      throw badRequest("SchemaDefinitionError", `Hit an error while pushing:\n${broken.error}`);
    await this.#target.activate(code);
    return finishPushResponse(before, code);
  }

  #findBroken({ app, analysis }: DeployedCode): ReturnType<typeof findBrokenDocument> {
    for (const { path, definition } of allMounts(app)) {
      const { schema } = definitionOf(analysis, definition);
      const broken = findBrokenDocument(path, schema, this.#target.documents);
      if (broken !== null) return broken;
    }
    return null;
  }

  #find(schemaIds: Record<string, string | null>): DeployedCode {
    const code = this.#started.get(schemaIds[""] ?? "");
    if (code !== undefined) return code;
    throw badRequest(
      "RaceDetected",
      "Hit an error while pushing:\nThis push is not known, or too many were started after it. Push again.",
    );
  }

  /** The CLI sends the same push to several steps: its code is evaluated once. */
  async #evaluate(request: StartPushRequest): Promise<DeployedCode> {
    const { active, functionEnv } = this.#target;
    const pushed = pushedCode(request, active?.modules ?? []);
    const hashes = Object.entries(definitionFolders(pushed)).map(([folder, modules]) => [
      folder,
      modules.map((each) => [each.path, moduleHash(each)]),
    ]);
    const key = createHash("sha256")
      .update(JSON.stringify([hashes, pushed.packages, functionEnv]))
      .digest("hex");
    if (this.#newest?.key !== key) this.#newest = { key, code: this.#install(pushed) };
    try {
      return await this.#newest.code;
    } catch (error) {
      this.#newest = null;
      throw error;
    }
  }

  async #install(pushed: PushedCode): Promise<DeployedCode> {
    const { analysis, directory } = await this.#analyze(pushed);
    const app = mountComponents(analysis);
    await this.#target.folders.add(directory, mountFolders(app, pushed.components));
    return { ...pushed, analysis, app, directory };
  }

  async #analyze(pushed: PushedCode): Promise<Pick<DeployedCode, "analysis" | "directory">> {
    const { folders, functionEnv: env } = this.#target;
    const directory = await folders.write(definitionFolders(pushed));
    await folders.addPackages(directory, pushed.packages);
    const request = {
      directory,
      ...filesToAnalyze(pushed),
      hasAuthConfig: hasAuthConfig(pushed.modules),
      env,
    };
    return { directory, analysis: await analyze(request) };
  }
}

function isSameEnvironment(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
