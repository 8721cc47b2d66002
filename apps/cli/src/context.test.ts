import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

const SOURCES = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
);

test("no other file reads the process's environment, arguments or streams", () => {
  const readers = SOURCES.filter((path) =>
    /process\.(env|argv|cwd|stdin|stdout|stderr)\b/.test(
      readFileSync(join(import.meta.dirname, path), "utf8"),
    ),
  );
  // main.ts hands the arguments in, and knows what a closed pipe means.
  expect(readers.sort()).toEqual(["context.ts", "main.ts"]);
});
