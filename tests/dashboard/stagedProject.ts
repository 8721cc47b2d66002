import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { PROJECT } from "./stage.ts";

/**
 * `setClock` sets the deployment's clock, null the real one: the local deployment's functions share its clock.
 * `overwrite` writes what the backend's checks would refuse, as data has it that is older than the checks.
 */
const STAGING = `import { internalMutationGeneric } from "convex/server";
import { v } from "convex/values";
const real = globalThis.realNow ??= Date.now.bind(Date);
export const setClock = internalMutationGeneric({
  args: { at: v.union(v.number(), v.null()) },
  returns: v.null(),
  handler: (_, { at }) => {
    Date.now = at === null ? real : () => at;
    return null;
  },
});
export const overwrite = internalMutationGeneric({
  args: { twitchId: v.string(), fields: v.any() },
  returns: v.null(),
  handler: async ({ db }, { twitchId, fields }) => {
    const videos = db.query("videos").withIndex("by_twitchId", (q) => q.eq("twitchId", twitchId));
    await db.patch((await videos.unique())._id, fields);
    return null;
  },
});
`;

const TOKEN_LIFETIME = "TOKEN_LIFETIME_MS = 600_000";

/**
 * This project's backend with what it takes to stage a scene: hours of history in seconds, data that no caller could write.
 *
 * @param options.tokenLifetimeMs - What the deployment's tokens live, for a renewal that can be waited for. Default: as shipped.
 */
export async function makeStagedProject({
  tokenLifetimeMs,
}: { tokenLifetimeMs?: number } = {}): Promise<AsyncDisposable & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "klipstream-staged-"));
  await cp(join(PROJECT, "convex"), join(folder, "convex"), {
    recursive: true,
    // Crons would run on the real clock.
    filter: (path) => !/(\.(test|setup)|^crons)\.ts$/.test(basename(path)),
  });
  await writeFile(join(folder, "convex/staging.ts"), STAGING);
  if (tokenLifetimeMs !== undefined) {
    const path = join(folder, "convex/model/signing.ts");
    const source = await readFile(path, "utf8");
    if (!source.includes(TOKEN_LIFETIME)) throw new Error(`${path} has no ${TOKEN_LIFETIME}`);
    await writeFile(path, source.replace(TOKEN_LIFETIME, `TOKEN_LIFETIME_MS = ${tokenLifetimeMs}`));
  }
  for (const name of ["package.json", "convex.json", "tsconfig.base.json"])
    await cp(join(PROJECT, name), join(folder, name));
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
