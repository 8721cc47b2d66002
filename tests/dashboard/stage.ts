/** A local deployment with this project's backend, tokens for it, and the built dashboard on it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import {
  createServiceAccountKey,
  createSigningKey,
  jwksDataUri,
  mintToken,
  parseServiceAccountKey,
} from "@klipstream/client/keys";
import { type PageServer, servePage } from "@klipstream/dashboard/server";
import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";
import { ConvexHttpClient } from "convex/browser";
import { anyApi, type FunctionReference } from "convex/server";

const run = promisify(execFile);

export const PROJECT = join(import.meta.dirname, "../..");
const ISSUER = "https://dashboard.klipstream.invalid";
const EVERYTHING = "videos:read videos:write";

export type TokenOptions = {
  scope?: string;
  subject?: string;
  /** @default 3600 */
  lifetimeSeconds?: number;
};

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
  readonly #sign: (options: TokenOptions) => { apiKey: string; token: Promise<string> };

  private constructor(
    deployment: LocalDeployment,
    page: PageServer,
    sign: (options: TokenOptions) => { apiKey: string; token: Promise<string> },
  ) {
    this.deployment = deployment;
    this.#page = page;
    this.#sign = sign;
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
    const deployment = await startLocalDeployment({
      env: {
        KLIPSTREAM_JWT_ISSUER: ISSUER,
        KLIPSTREAM_JWT_JWKS: jwksDataUri([signingKey.publicJwk]),
      },
    });
    const { url, adminKey } = deployment;
    const deploy = ["deploy", "--typecheck", "disable", "--codegen", "disable"];
    const { exitCode, stderr } = await runConvexCli(deploy, { url, adminKey, cwd: project });
    if (exitCode !== 0) throw new Error(`convex deploy failed:\n${stderr}`);
    const page = await servePage({
      ...{ deploymentUrl: url, artifactOrigins },
      ...(folder !== undefined && { folder }),
    });
    return new Stage(
      deployment,
      page,
      ({ scope = EVERYTHING, subject = "operator", lifetimeSeconds = 3600 }) => {
        const apiKey = createServiceAccountKey({
          signingKey,
          subject,
          scope,
          generation: 0,
          issuer: ISSUER,
        });
        const account = parseServiceAccountKey(apiKey);
        return { apiKey, token: mintToken(account, { now: Date.now(), lifetimeSeconds }) };
      },
    );
  }

  /** The page's address, without a fragment. */
  get pageUrl(): string {
    return this.#page.url;
  }

  /** The address that signs in by itself, as `pnpm start` prints it. */
  async signedInUrl(options: TokenOptions = {}): Promise<string> {
    return `${this.pageUrl}#token=${await this.token(options)}`;
  }

  token(options: TokenOptions = {}): Promise<string> {
    return this.#sign(options).token;
  }

  /** What a pipeline gets as `CONVEX_API_KEY`. */
  apiKey(options: TokenOptions = {}): string {
    return this.#sign(options).apiKey;
  }

  /** Calls a mutation, past the page, as a holder of everything. */
  async mutate(path: string, args: Record<string, unknown>, options: TokenOptions = {}) {
    const client = new ConvexHttpClient(this.deployment.url, { logger: false });
    client.setAuth(await this.token(options));
    const reference = reach(path) as FunctionReference<"mutation">;
    return (await client.mutation(reference, args, { skipQueue: true })) as unknown;
  }

  /** Calls an internal mutation, as the deployment's owner. */
  async mutateInternally(path: string, args: Record<string, unknown>): Promise<void> {
    const response = await fetch(`${this.deployment.url}/api/mutation`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Convex ${this.deployment.adminKey}`,
      },
      body: JSON.stringify({ path, args, format: "json" }),
    });
    const answer = (await response.json()) as { status: string; errorMessage?: string };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.errorMessage ?? ""}`);
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
