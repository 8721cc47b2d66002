import { createRequire } from "node:module";
import { join } from "node:path";

/** Gives bundles of Node modules, which are ESM, the `require` that CommonJS packages in them call. */
export function provideRequire(directory: string): void {
  Object.assign(globalThis, { require: createRequire(join(directory, "convex", "index.js")) });
}
