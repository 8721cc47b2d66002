/** For tests: Convex projects in temporary folders, and what they are pushed to. */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { runConvexCli, type ConvexCliResult } from "../cli/convexCli.ts";
import {
  startLocalDeployment,
  type LocalDeployment,
  type LocalDeploymentOptions,
} from "../startLocalDeployment.ts";

const NODE_MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Files by their path in the project. */
export type ProjectFiles = Record<string, string>;

export class TemporaryProject {
  readonly cwd: string;

  private constructor(cwd: string) {
    this.cwd = cwd;
  }

  static async create(files: ProjectFiles): Promise<TemporaryProject> {
    const project = new TemporaryProject(await mkdtemp(join(tmpdir(), "convex-project-")));
    await mkdir(join(project.cwd, "node_modules"));
    for (const name of await readdir(NODE_MODULES))
      await symlink(join(NODE_MODULES, name), join(project.cwd, "node_modules", name));
    await project.write({
      "package.json": '{"name":"project","type":"module","dependencies":{"convex":"*"}}',
      "convex/tsconfig.json": JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: "ESNext",
          module: "ESNext",
          moduleResolution: "Bundler",
          skipLibCheck: true,
          types: [],
        },
        include: ["./**/*"],
      }),
      ...files,
    });
    return project;
  }

  async write(files: ProjectFiles): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.cwd, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.cwd, { recursive: true, force: true });
  }
}

/** A project and a deployment for it. */
export class ProjectRun {
  readonly project: TemporaryProject;
  deployment: LocalDeployment;

  private constructor(project: TemporaryProject, deployment: LocalDeployment) {
    this.project = project;
    this.deployment = deployment;
  }

  /** Nothing is pushed yet. */
  static async start(
    files: ProjectFiles,
    options: LocalDeploymentOptions = {},
  ): Promise<ProjectRun> {
    const project = await TemporaryProject.create(files);
    return new ProjectRun(project, await startLocalDeployment(options));
  }

  /** Pushes the project with the real CLI. */
  static async deployed(
    files: ProjectFiles,
    options: LocalDeploymentOptions = {},
  ): Promise<ProjectRun> {
    const run = await ProjectRun.start(files, options);
    await run.deploy();
    return run;
  }

  get url(): string {
    return this.deployment.url;
  }

  async convex(...args: string[]): Promise<ConvexCliResult> {
    const { url, adminKey } = this.deployment;
    return await runConvexCli(args, { url, adminKey, cwd: this.project.cwd });
  }

  /** Ends the deployment and starts another; with the same data folder it goes on with the same data. */
  async restart(options: LocalDeploymentOptions): Promise<void> {
    await this.deployment.close();
    this.deployment = await startLocalDeployment(options);
  }

  /** @throws if the CLI refuses. */
  async deploy(): Promise<void> {
    const { exitCode, stderr } = await this.convex("deploy", "--typecheck", "disable");
    if (exitCode !== 0) throw new Error(`The push failed:\n${stderr}`);
  }

  async post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : (JSON.parse(text) as unknown) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment.close();
    await this.project[Symbol.asyncDispose]();
  }
}
