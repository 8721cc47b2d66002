/** A deployment as it stood before this backend: a `videos` table without a schema, and functions of its own. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { type LocalDeployment, runConvexCli } from "@klipstream/local-deployment";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

const FUNCTIONS = `
import {
  internalMutationGeneric as internalMutation,
  mutationGeneric as mutation,
  queryGeneric as query,
} from "convex/server";
import { v } from "convex/values";

const find = (ctx, twitchId) =>
  ctx.db.query("videos").filter((q) => q.eq(q.field("twitchId"), twitchId)).order("desc").first();

export const getByTwitchIdPublic = query({
  args: { twitchId: v.string() },
  handler: (ctx, { twitchId }) => find(ctx, twitchId),
});
export const updateStatusByTwitchId = mutation({
  args: { twitchId: v.string(), status: v.string() },
  handler: async (ctx, { twitchId, status }) => {
    const video = await find(ctx, twitchId);
    await ctx.db.patch(video._id, { status });
    return { status: "success", videoId: video._id };
  },
});
export const updateUrls = mutation({
  args: { twitchId: v.string(), urls: v.any() },
  handler: async (ctx, { twitchId, urls }) => {
    const video = await find(ctx, twitchId);
    await ctx.db.patch(video._id, urls);
    return { status: "success", videoId: video._id };
  },
});
export const seed = internalMutation({
  args: { documents: v.array(v.any()) },
  handler: async (ctx, { documents }) => {
    for (const document of documents) await ctx.db.insert("videos", document);
  },
});
`;

/** A folder that `npx convex deploy` can be run in; removed with `dispose`. */
export class DeployFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<DeployFolder> {
    const path = await mkdtemp(join(tmpdir(), "klipstream-adoption-"));
    await symlink(join(PROJECT, "node_modules"), join(path, "node_modules"));
    for (const file of ["package.json", "tsconfig.base.json", "convex.json"])
      await cp(join(PROJECT, file), join(path, file));
    return new DeployFolder(path);
  }

  /** The functions of the deployment before this backend. */
  async writeOldBackend(): Promise<void> {
    await this.#replaceFunctions(() => this.write("convex/video.js", FUNCTIONS));
  }

  /** This backend, in a phase of an adoption. */
  async writeBackend(phase: "migrating" | "adopted" | "off"): Promise<void> {
    await this.#replaceFunctions(async (folder) => {
      await cp(join(PROJECT, "convex"), folder, { recursive: true });
      const config = await readText(join(folder, "adoption.config.ts"));
      const changed = config.replace(/(: AdoptionPhase = )"off"/, `$1"${phase}"`);
      await this.write("convex/adoption.config.ts", changed);
    });
  }

  async write(path: string, content: string): Promise<void> {
    const file = join(this.path, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** @returns The CLI's exit code and what it printed. */
  deploy({ url, adminKey }: LocalDeployment) {
    const args = ["deploy", "--typecheck", "disable", "--codegen", "disable"];
    return runConvexCli(args, { url, adminKey, cwd: this.path });
  }

  async dispose(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  /** The mapping file belongs to the operator, and stays. */
  async #replaceFunctions(write: (folder: string) => Promise<void>): Promise<void> {
    const folder = join(this.path, "convex");
    const mapping = await readText(join(folder, MAPPING_FILE)).catch(() => null);
    await rm(folder, { recursive: true, force: true });
    await write(folder);
    if (mapping !== null) await this.write(join("convex", MAPPING_FILE), mapping);
  }
}

const MAPPING_FILE = "adoption.mapping.json";

function readText(path: string): Promise<string> {
  return readFile(path, "utf8");
}
