import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Backend, startBackend } from "@klipstream/bench/startBackend";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { REPORT_IS_STALE, REPORT_NAME, reportOn } from "./packages/apiReport.ts";
import {
  compile,
  createConsumer,
  isRegistryReachable,
  pathOf,
  programsIn,
  runCleanly,
  write,
} from "./packages/consumer.ts";
import { packPackages, type PackedPackage, PUBLISHED, ROOT } from "./packages/packPackages.ts";

/** What an import of `@klipstream/client` may load of declarations. */
const DECLARATIONS_MAX_BYTES = 40 * 1024;
const SLOW_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), "klipstream-packages-"));
let packed: PackedPackage[] = [];

beforeAll(() => {
  packed = packPackages(folder);
}, SLOW_MS);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function packageFrom(source: string): PackedPackage {
  const found = packed.find((one) => one.source === source);
  if (found === undefined) throw new Error(`${source} was not packed`);
  return found;
}

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(path, name)).isFile(),
  );

describe.each(PUBLISHED)("the tarball of %s", (source) => {
  test("holds the built modules with their types, and what npm shows; no sources, no tests", () => {
    const names = filesIn(packageFrom(source).content);
    const extra = names.filter((name) => !/^dist\/[\w-]+(\.d\.ts|\.js)$/.test(name));
    expect(extra.toSorted()).toEqual(["LICENSE", "README.md", "package.json"]);
    expect(names.filter((name) => /test/i.test(name) && !/^dist\/testing\./.test(name))).toEqual(
      [],
    );
  });

  test("says in its manifest what it is, with no protocol of this workspace", () => {
    const { manifest, content } = packageFrom(source);
    expect(manifest).toMatchObject({
      license: "MIT",
      type: "module",
      repository: { directory: source },
    });
    expect(readFileSync(join(content, "package.json"), "utf8")).not.toMatch(
      /"(workspace|catalog):/,
    );
  });

  test("exports files that it holds, each module with its types", () => {
    const { manifest, content } = packageFrom(source);
    const targets = [manifest.exports, manifest.bin].flatMap((map) => Object.values(map ?? {}));
    expect(targets).not.toEqual([]);
    const modules = Object.values(manifest.exports ?? {}).filter((path) => path.endsWith(".js"));
    const wanted = [...targets, ...modules.map((path) => path.replace(/\.js$/, ".d.ts"))];
    expect(wanted.filter((path) => !existsSync(join(content, path)))).toEqual([]);
  });

  test("has a README whose links work on npm, too: absolute, and to what exists here", () => {
    const { manifest, content } = packageFrom(source);
    const readme = readFileSync(join(content, "README.md"), "utf8");
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    expect(links.filter((link) => !/^(https:|#)/.test(link))).toEqual([]);
    const repository = manifest.repository.url.replace(/^git\+|\.git$/g, "");
    const own = links.filter((link) => link.startsWith("https://") && link.includes("klipstream"));
    const paths = own.map((link) =>
      link.replace(`${repository}/blob/main/`, "").replace(/#.*/, ""),
    );
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

test.each(PUBLISHED)("the public surface of %s is what its committed report says", (source) => {
  const committed = readFileSync(join(ROOT, source, REPORT_NAME), "utf8");
  expect(reportOn(source), REPORT_IS_STALE).toBe(committed);
});

test("the declarations that `@klipstream/client` loads stay small: nothing of the backend is in them", () => {
  const dist = join(packageFrom("packages/client").content, "dist");
  const loaded = new Set(["index.d.ts"]);
  for (const name of loaded)
    for (const [, next = ""] of readFileSync(join(dist, name), "utf8").matchAll(/"\.\/(.+)\.js"/g))
      loaded.add(`${next}.d.ts`);
  const bytes = [...loaded].map((name) => statSync(join(dist, name)).size);
  expect(bytes.reduce((sum, size) => sum + size)).toBeLessThan(DECLARATIONS_MAX_BYTES);
});

describe("an empty project that installed the tarballs with npm", async () => {
  const isOnline = await isRegistryReachable();
  if (!isOnline)
    process.stderr.write(
      "The npm registry cannot be reached: nothing is installed from the tarballs.\n",
    );
  const project = join(folder, "consumer");
  const documents = ["README.md", ...PUBLISHED.map((source) => `${source}/README.md`)];
  let backend: Backend | undefined;
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    if (!isOnline) return;
    backend = await startBackend();
    const { deployment, apiKey } = backend;
    const outbox = join(folder, "outbox.db");
    environment = {
      CONVEX_URL: deployment.url,
      CONVEX_API_KEY: apiKey,
      CONVEX_OUTBOX_PATH: outbox,
    };
    await createConsumer(project, packed);
    for (const document of documents)
      for (const [index, code] of programsIn(document).entries())
        write(project, `src/${document.replaceAll("/", "-")}-${index}.ts`, code);
    // The README's program, for the video that it is called with.
    const [program = ""] = programsIn("packages/client/README.md");
    write(project, "src/report.ts", program.replace('"2434635255"', 'process.argv[2] ?? ""'));
  }, SLOW_MS);
  afterAll(() => backend?.deployment.close());

  test.runIf(isOnline).each(["Bundler", "NodeNext"] as const)(
    "compiles the documents' programs under every strict option, with module %s",
    async (resolution) => {
      expect(await compile(project, resolution)).toBe("");
    },
    SLOW_MS,
  );

  test.runIf(isOnline).each([
    { node: "the installed Node", twitchId: "90000000" },
    { node: "node@20", twitchId: "90000020" },
    { node: "node@22", twitchId: "90000022" },
    { node: "node@24", twitchId: "90000024" },
  ])(
    "reports to a deployment as the README does, on $node",
    async ({ node: wanted, twitchId }) => {
      const node = wanted.startsWith("node@") ? await pathOf(wanted, project) : process.execPath;
      const options = { cwd: project, env: environment };
      const klipstream = [node, join(project, "node_modules/.bin/klipstream")];
      await runCleanly([...klipstream, "create", twitchId], options);
      await runCleanly([node, "out/src/report.js", twitchId], options);
      const status = await runCleanly([...klipstream, "status", twitchId, "--json"], options);
      expect(JSON.parse(status)).toMatchObject({
        status: "Transcribing",
        transcriptUrl: "gs://klips/2434635255/transcript.json",
      });
    },
    SLOW_MS,
  );

  test.runIf(isOnline)(
    "is not needed for `npx @klipstream/cli`, which works in an empty folder",
    async () => {
      const empty = mkdtempSync(join(folder, "empty-"));
      const packages = packed.flatMap(({ tarball }) => ["--package", tarball]);
      const script = "klipstream --help >&2 && klipstream list --json";
      const options = { cwd: empty, env: environment };
      const printed = await runCleanly(["npx", "--yes", ...packages, "-c", script], options);
      expect(JSON.parse(printed)).toHaveProperty("videos");
      expect(readdirSync(empty)).toEqual([]);
    },
    SLOW_MS,
  );
});
