import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Experiment, Sample } from "../harness/experiment.ts";
import { build, builtPackages, PACKAGES, scriptsIn } from "../stage/builtPackages.ts";

const DASHBOARD = join(import.meta.dirname, "../../apps/dashboard/dist");
const GZIP = "kB, gzip";

/** How much there is to install, and to load for the dashboard. */
export const sizes: Experiment = {
  name: "sizes",
  title: "Sizes",
  method:
    "kB (1,000 bytes) of the built JavaScript, minified where its build does so, and with each file compressed by gzip. Of the packages without what they depend on.",
  rowTitle: "what",
  columns: [{ name: "files" }, { name: "kB" }, { name: GZIP }],
  chart: { column: GZIP },
  controls: [],
  rounds: 1,
  budgetMs: 5_000,
  start: () => {
    const built = builtPackages();
    build("@klipstream/dashboard");
    const packages = Object.keys(PACKAGES).map(
      (name) => [name, sizeOf(scriptsIn(join(built.folderOf(name), "dist")))] as const,
    );
    const sample = { ...Object.fromEntries(packages), ...dashboardSizes() };
    return Promise.resolve({
      round: () => Promise.resolve(sample),
      close: () => Promise.resolve(),
    });
  },
};

function dashboardSizes(): Sample {
  const html = readFileSync(join(DASHBOARD, "index.html"), "utf8");
  const all = readdirSync(join(DASHBOARD, "assets"));
  const sizeOfThose = (ending: string, isFirst: boolean) =>
    sizeOf(
      all
        .filter((name) => name.endsWith(ending) && html.includes(name) === isFirst)
        .map((name) => readFileSync(join(DASHBOARD, "assets", name))),
    );
  return {
    "dashboard: scripts of the first visit": sizeOfThose(".js", true),
    "dashboard: style sheet of the first visit": sizeOfThose(".css", true),
    "dashboard: scripts fetched when needed": sizeOfThose(".js", false),
  };
}

function sizeOf(files: readonly Buffer[]): Sample[string] {
  const kilobytes = (bytes: number[]) =>
    Math.round(bytes.reduce((sum, each) => sum + each, 0) / 100) / 10;
  return {
    files: files.length,
    kB: kilobytes(files.map(({ length }) => length)),
    [GZIP]: kilobytes(files.map((file) => gzipSync(file).length)),
  };
}
