import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { describe, expect, test } from "vitest";

import { processContext } from "../context.ts";
import { createOutput } from "../output/output.ts";
import type { Cli } from "./command.ts";
import { confirm } from "./confirm.ts";

async function ask(typed: string[], { isTTY, yes }: { isTTY: boolean; yes: boolean }) {
  const stderr = new PassThrough();
  const context = {
    ...processContext(),
    stdin: Object.assign(Readable.from(typed), { isTTY }),
    stderr,
  };
  const cli: Cli = { context, output: createOutput(context), exitCode: 0 };
  const goesOn = await confirm(cli, { question: "Remove it?", yes });
  stderr.end();
  return { goesOn, said: await text(stderr) };
}

describe("a question on a terminal", () => {
  test.each([
    ["y\n", true],
    ["YES\n", true],
    ["n\n", false],
    ["\n", false],
    ["yesterday\n", false],
  ])("answered with %j", async (typed, goesOn) => {
    const asked = await ask([typed], { isTTY: true, yes: false });
    expect(asked.goesOn).toBe(goesOn);
    expect(asked.said).toContain("Remove it? [y/N]");
    expect(asked.said.includes("nothing was changed")).toBe(!goesOn);
  });

  test("that ends without an answer is a no", async () => {
    expect(await ask([], { isTTY: true, yes: false })).toMatchObject({ goesOn: false });
  });
});

test("--yes asks nothing, and without it nobody can be asked off a terminal", async () => {
  expect(await ask([], { isTTY: false, yes: true })).toEqual({ goesOn: true, said: "" });
  await expect(ask(["y\n"], { isTTY: false, yes: false })).rejects.toMatchObject({ exitCode: 2 });
});
