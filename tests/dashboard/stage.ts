/** A local deployment with this project's backend, keys for it, and the built dashboard on it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { startDeployment } from "@klipstream/bench/startBackend";
import {
  createSigningKey,
  exchangeKey,
  issueServiceAccountKey,
  type SigningKey,
} from "@klipstream/client/keys";
import type { Scope } from "@klipstream/contract";
import { type PageServer, servePage } from "@klipstream/dashboard/server";
import type { LocalDeployment } from "@klipstream/local-deployment";
import { ConvexHttpClient } from "convex/browser";
import { anyApi, type FunctionReference } from "convex/server";

import { ISSUER, keyIdOf, sign } from "../security/forgeries.ts";
import { callAsOperator } from "../testedDeployment.ts";

const run = promisify(execFile);

export const PROJECT = join(import.meta.dirname, "../..");

/** A service account, which is made when it is first needed. */
export type Account = {
  /** @default "operator" */
  account?: string;
  /** @default Everything */
  scopes?: readonly Scope[];
};

/** Calls a mutation, past the page. */
export type Caller = (path: string, args: Record<string, unknown>) => Promise<unknown>;

/** Builds the page into a folder of its own: others may be building at the same time. */
export async function buildPage(): Promise<AsyncDisposable & { folder: string }> {
  const cwd = join(PROJECT, "apps/dashboard");
  const folder = await mkdtemp(join(tmpdir(), "klipstream-page-"));
  const vite = join(cwd, "node_modules/vite/bin/vite.js");
  // As it is shipped: vitest's NODE_ENV would build React for development.
  const env = { ...process.env, NODE_ENV: "production" };
  await run(process.execPath, [vite, "build", "--outDir", folder, "--emptyOutDir"], { cwd, env });
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export class Stage implements AsyncDisposable {
  readonly deployment: LocalDeployment;
  readonly #page: PageServer;
  readonly #signingKey: SigningKey;
  readonly #keys = new Map<string, Promise<string>>();

  private constructor(deployment: LocalDeployment, page: PageServer, signingKey: SigningKey) {
    this.deployment = deployment;
    this.#page = page;
    this.#signingKey = signingKey;
  }

  /**
   * @param options.page - The folder of the built page. Default: the package's own `dist/`.
   * @param options.project - The folder whose `convex/` is pushed. Default: this project's.
   * @param options.artifactOrigins - Where the page may fetch artifacts from. Default: anywhere on this machine.
   */
  static async start({
    page: folder,
    project = PROJECT,
    artifactOrigins = ["http://127.0.0.1:*"],
  }: {
    page?: string;
    project?: string;
    artifactOrigins?: readonly string[];
  } = {}): Promise<Stage> {
    const signingKey = await createSigningKey();
    const deployment = await startDeployment(signingKey, { issuer: ISSUER, project });
    const page = await servePage({
      ...{ deploymentUrl: deployment.url, artifactOrigins },
      ...(folder !== undefined && { folder }),
    });
    return new Stage(deployment, page, signingKey);
  }

  /** The page's address, without a fragment. */
  get pageUrl(): string {
    return this.#page.url;
  }

  /** The address that signs in by itself, as `pnpm start` prints it. */
  async signedInUrl(account: Account = {}): Promise<string> {
    return `${this.pageUrl}#token=${await this.key(account)}`;
  }

  /** An account's key, the same one each time: what a person signs in with, and a pipeline's `CONVEX_API_KEY`. */
  key({
    account = "operator",
    scopes = ["videos:read", "videos:write"],
  }: Account = {}): Promise<string> {
    const key =
      this.#keys.get(account) ?? issueServiceAccountKey(this.deployment, { account, scopes });
    this.#keys.set(account, key);
    return key;
  }

  /** The operator's token, with a life of another length than the deployment gives. */
  async token({ lifetimeSeconds = 600 }: { lifetimeSeconds?: number } = {}): Promise<string> {
    const now = Date.now();
    return await sign(
      { key: this.#signingKey, now },
      {
        sub: "operator",
        key: keyIdOf(await this.key()),
        exp: Math.floor(now / 1000) + lifetimeSeconds,
      },
    );
  }

  /** Refuses a key, and what it was exchanged for, from now on. */
  async revoke(key: string): Promise<void> {
    await this.mutateInternally("serviceKeys:revoke", { keyId: keyIdOf(key), by: "test" });
  }

  /** A caller with a token of ten minutes. */
  async caller(account?: string): Promise<Caller> {
    const { url } = this.deployment;
    const client = new ConvexHttpClient(url, { logger: false });
    client.setAuth(
      await exchangeKey(url, await this.key(account === undefined ? {} : { account })),
    );
    return (path, args) =>
      client.mutation(reach(path) as FunctionReference<"mutation">, args, { skipQueue: true });
  }

  /** Calls a mutation once, past the page, as an account that may do everything. */
  async mutate(path: string, args: Record<string, unknown>, account?: string): Promise<unknown> {
    return await (
      await this.caller(account)
    )(path, args);
  }

  /** Calls an internal mutation, as the deployment's owner. */
  async mutateInternally(path: string, args: Record<string, unknown>): Promise<void> {
    await callAsOperator(this.deployment, { kind: "mutation", path, args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.close();
    await this.deployment.close();
  }
}

function reach(path: string): unknown {
  const [module = "", name = ""] = path.split(":");
  return anyApi[module]?.[name];
}
