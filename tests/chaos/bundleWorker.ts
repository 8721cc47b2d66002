import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

/**
 * Bundles a program of this folder into one file: a process starts three times as fast, and a thousand are started.
 *
 * @param name - The program's file.
 * @returns The bundle, in a folder of its own.
 */
export async function bundleWorker(name = "worker.ts"): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-chaos-"));
  const outfile = join(folder, "worker.mjs");
  const ofClient = createRequire(fileURLToPath(import.meta.resolve("@klipstream/client")));
  const sqlite = pathToFileURL(ofClient.resolve("@photostructure/sqlite")).href;
  await build({
    entryPoints: [join(import.meta.dirname, name)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: {
      js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(${JSON.stringify(sqlite)});`,
    },
    plugins: [
      {
        // It finds its native part beside itself.
        name: "sqlite-stays-outside",
        setup: (bundle) =>
          bundle.onResolve({ filter: /^@photostructure\/sqlite$/ }, () => ({
            path: sqlite,
            external: true,
          })),
      },
    ],
  });
  return outfile;
}
