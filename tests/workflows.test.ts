import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "vitest";

const folder = resolve(import.meta.dirname, "../.github/workflows");

/** The rights to write that jobs have, of each workflow that has any. */
const RIGHTS_TO_WRITE: Record<string, string[]> = {
  "release.yml": ["id-token: write", "contents: write"],
};

describe.each(readdirSync(folder))("the workflow %s", (name) => {
  const text = readFileSync(join(folder, name), "utf8");

  test("names each action by its commit, with the version that it is", () => {
    const actions = [...text.matchAll(/uses: (.+)/g)].map(([, action = ""]) => action);
    expect(actions.filter((action) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
  });

  test("starts with no right but to read, and needs no stored secret", () => {
    expect(text).toMatch(/^permissions:( \{\}$|\n {2}contents: read\n\n)/m);
    expect(text).not.toContain("secrets.");
  });

  test("gives its jobs no right to write but the listed ones", () => {
    expect(text.match(/[\w-]+: write[\w-]*/g) ?? []).toEqual(RIGHTS_TO_WRITE[name] ?? []);
  });
});
