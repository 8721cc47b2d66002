import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { ENVIRONMENT_VARIABLES } from "./config/configuration.ts";
import { DEFAULT_OPTIONS, OPTION_NAMES } from "./config/options.ts";
import * as client from "./index.ts";
import { LOG_EVENTS } from "./log/log.ts";
import { OUTBOX_BOUNDS } from "./outbox/store.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

/** The rows of the first table under a heading, without backticks. */
function rowsUnder(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.replaceAll("`", "").trim()),
  );
}

describe("the README", () => {
  it("lists every option with its variable and its default", () => {
    const rows = rowsUnder("Options");
    expect(rows.map(([name]) => name)).toEqual(OPTION_NAMES);
    for (const [name, variable, fallback] of rows) {
      expect(variable).toBe((ENVIRONMENT_VARIABLES as Record<string, string>)[name!] ?? "");
      const value = (DEFAULT_OPTIONS as Record<string, unknown>)[name!];
      if (value !== undefined)
        expect(fallback?.replaceAll(/(\w+):/g, '"$1":').replaceAll(" ", "")).toBe(
          JSON.stringify(value),
        );
    }
  });

  it("lists every error class with its codes", () => {
    const classes = Object.entries(client).filter(
      ([name, value]) =>
        typeof value === "function" &&
        value.prototype instanceof client.KlipstreamError &&
        name !== "KlipstreamError",
    );
    const rows = rowsUnder("Errors");
    expect(rows.map(([name]) => name).sort()).toEqual(classes.map(([name]) => name).sort());
    const source = readFileSync(join(import.meta.dirname, "errors.ts"), "utf8");
    for (const [name, codes] of rows) {
      const body = source.split(`class ${name!} `)[1]?.split("\n}\n")[0] ?? "";
      for (const code of codes!.split(", ")) expect(body).toContain(`"${code}"`);
    }
  });

  it("lists every log event with its level", () => {
    expect(Object.fromEntries(rowsUnder("Logging"))).toEqual(LOG_EVENTS);
  });

  it("lists every outcome", () => {
    const outcomes = rowsUnder("Outcomes").map(([outcome]) => outcome);
    expect(outcomes).toEqual([
      "applied",
      "unchanged",
      "duplicate",
      "superseded",
      "queued",
      "simulated",
      "rejected",
    ]);
  });

  it("states the bounds of the outbox", () => {
    const { maxEntries, maxBytes } = OUTBOX_BOUNDS;
    expect(readme).toContain(
      `up to ${maxEntries.toLocaleString("en")} entries or ${maxBytes / 1024 / 1024} MiB`,
    );
  });
});
