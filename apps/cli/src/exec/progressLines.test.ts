import { text } from "node:stream/consumers";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Progress, ProgressLines } from "./progressLines.ts";

async function pass(chunks: readonly (string | Buffer)[]) {
  const progress: Progress[] = [];
  const lines = new ProgressLines((one) => progress.push(one));
  const output = text(lines);
  for (const chunk of chunks) lines.write(chunk);
  lines.end();
  return { output: await output, progress, lastLine: lines.lastLine };
}

describe("progress lines", () => {
  test("are taken out of the output", async () => {
    const { output, progress } = await pass(["a\n::progress 40 half way\nb\n::progress 99.5%\nc"]);
    expect(output).toBe("a\nb\nc");
    expect(progress).toEqual([{ percent: 40, message: "half way" }, { percent: 99.5 }]);
  });

  test("are found however the output is cut into chunks", async () => {
    const whole =
      "one\n::progress 10 first\r\n::prog\n::progress 20\ntwo ::progress 30\n::progress 101 no\n";
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (sizes) => {
          const chunks: string[] = [];
          for (let at = 0, turn = 0; at < whole.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            chunks.push(whole.slice(at, at + size));
            at += size;
          }
          const { output, progress } = await pass(chunks);
          expect(output).toBe("one\n::prog\ntwo ::progress 30\n::progress 101 no\n");
          expect(progress).toEqual([{ percent: 10, message: "first" }, { percent: 20 }]);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("may be the last thing said, without a line end", async () => {
    expect(await pass(["::progress 100 done"])).toMatchObject({
      output: "",
      progress: [{ percent: 100, message: "done" }],
    });
  });
});

describe("other output", () => {
  test("passes byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), async (chunks) => {
        const lines = new ProgressLines(() => undefined);
        const received: Buffer[] = [];
        lines.on("data", (chunk: Buffer) => received.push(chunk));
        const ended = new Promise((resolve) => lines.on("end", resolve));
        for (const chunk of chunks) lines.write(Buffer.from(chunk));
        lines.end();
        await ended;
        expect(Buffer.concat(received)).toEqual(
          Buffer.concat(chunks.map((one) => Buffer.from(one))),
        );
      }),
    );
  });

  test("is not held back: a prompt appears before its line ends", () => {
    const lines = new ProgressLines(() => undefined);
    lines.write("Continue? ");
    expect(String(lines.read())).toBe("Continue? ");
  });

  test("that begins like a progress line is not kept for ever", () => {
    const lines = new ProgressLines(() => undefined);
    const endless = `::progress ${"9".repeat(10_000)}`;
    lines.write(endless);
    expect(String(lines.read())).toBe(endless);
  });
});

test("the last line is the last that was not blank, as a terminal would show it", async () => {
  expect((await pass(["one\ntwo\n\n  \n"])).lastLine).toBe("two");
  expect((await pass(["one\n\u001b[31mError: disk full\u001b[0m"])).lastLine).toBe(
    "Error: disk full",
  );
  expect((await pass(["1 %\r2 %\r3 %\r\n"])).lastLine).toBe("3 %");
  expect((await pass([])).lastLine).toBeNull();
  expect((await pass(["cut he", "re\nen", "d"])).lastLine).toBe("end");
});
