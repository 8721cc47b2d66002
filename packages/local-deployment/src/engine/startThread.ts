import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker, type Transferable } from "node:worker_threads";

const YOUNG_GENERATION_MB = 64;

/**
 * Starts a thread from one of our modules, with an environment of its own.
 *
 * @param url of a TypeScript or JavaScript module.
 */
export function startThread(
  url: URL,
  workerData: unknown,
  transferList: Transferable[] = [],
): Worker {
  const options = {
    workerData,
    transferList,
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    // What a transaction leaves behind is short-lived: with Node's own limit a tenth of the time went into collecting it.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  };
  if (!url.pathname.endsWith(".ts")) return new Worker(url, options);
  // A thread does not inherit the loader of whoever runs TypeScript here (tsx, vitest).
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve("tsx/esm/api")
      .replace(/\.cjs$/, ".mjs"),
  ).href;
  const start = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(url.href)}); })`;
  return new Worker(start, { ...options, eval: true });
}
