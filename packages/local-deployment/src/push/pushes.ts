import { createHash, randomUUID } from "node:crypto";

import type { DocumentStore } from "../documents/documentStore.ts";
import { badRequest } from "../wire/requestError.ts";
import { analyze } from "./analyze.ts";
import {
  functionModules,
  hasAuthConfig,
  modulesOfPush,
  type DeployedCode,
} from "./deployedCode.ts";
import { moduleHash, type ModuleFolders } from "./moduleFiles.ts";
import type { FinishPushRequest, StartPushRequest } from "./pushFormats.ts";
import { finishPushResponse, schemaChange, startPushResponse } from "./pushResponses.ts";
import { checkVariables } from "./declaredVariables.ts";
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
    const { schema } = request.appDefinition;
    const after = schema === null ? null : (await this.#analyze([schema], [])).analysis.schema;
    return evaluateSchema(active?.analysis.schema ?? null, after, documents);
  }

  /** The same for older CLIs. */
  async evaluatePush(request: StartPushRequest): Promise<unknown> {
    const { analysis } = await this.#evaluate(request);
    return { schemaChange: schemaChange("", this.#target.active, analysis.schema) };
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
    const broken = findBrokenDocument(code.analysis.schema, this.#target.documents);
    return broken === null
      ? { type: "complete" }
      : { type: "failed", componentPath: "", ...broken };
  }

  async finish({ startPush, dryRun }: FinishPushRequest): Promise<unknown> {
    const code = this.#find(startPush.schemaChange.schemaIds);
    const { active: before, env, documents } = this.#target;
    if (!isSameEnvironment(startPush.environmentVariables, env))
      throw badRequest(
        "RaceDetected",
        "Hit an error while pushing:\nEnvironment variables have changed during push",
      );
    checkVariables(code.analysis.envVars, env);
    if (dryRun) return finishPushResponse(before, null);
    const broken = findBrokenDocument(code.analysis.schema, documents);
    if (broken !== null)
      throw badRequest("SchemaDefinitionError", `Hit an error while pushing:\n${broken.error}`);
    await this.#target.activate(code);
    return finishPushResponse(before, code);
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
    const modules = modulesOfPush(request, active?.modules ?? []);
    const schemaModule = request.appDefinition.schema;
    const { udfServerVersion } = request.appDefinition;
    const { definition } = request.appDefinition;
    const all = [...modules, schemaModule, definition].filter((module) => module !== null);
    const key = createHash("sha256")
      .update(JSON.stringify([all.map((each) => [each.path, moduleHash(each)]), functionEnv]))
      .digest("hex");
    if (this.#newest?.key !== key) {
      const code = this.#analyze(all, modules).then((analyzed) => ({
        ...analyzed,
        modules,
        files: all,
        udfServerVersion,
      }));
      this.#newest = { key, code };
    }
    try {
      return await this.#newest.code;
    } catch (error) {
      this.#newest = null;
      throw error;
    }
  }

  async #analyze(
    files: DeployedCode["modules"],
    modules: DeployedCode["modules"],
  ): Promise<Pick<DeployedCode, "analysis" | "directory">> {
    const { folders, functionEnv: env } = this.#target;
    const directory = await folders.write(files);
    const request = {
      directory,
      modules: functionModules(modules),
      hasSchema: files.some(({ path }) => path === "schema.js"),
      hasDefinition: files.some(({ path }) => path === "convex.config.js"),
      hasAuthConfig: hasAuthConfig(modules),
      env,
    };
    return { directory, analysis: await analyze(request) };
  }
}

function isSameEnvironment(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
