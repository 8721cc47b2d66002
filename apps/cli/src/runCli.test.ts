import { expect, test } from "vitest";

import { EXIT_CODES } from "./command/exitCodes.ts";
import { captureCli } from "./testing/captureCli.ts";

test.each([
  "nonsense",
  "nonsense --help",
  "nonsense -h",
  "--help nonsense",
  "help nonsense",
  "outbox nonsense --help",
  "help outbox nonsense",
])("%s is refused as an unknown command", async (line) => {
  const { exitCode, stdout, stderr } = await captureCli(line.split(" "));
  expect(exitCode).toBe(EXIT_CODES.USAGE);
  expect(stdout).toBe("");
  expect(stderr).toContain("unknown command 'nonsense'");
});

test.each(["--help", "help", "outbox --help", "help outbox", "status --help", "help outbox list"])(
  "%s shows the help",
  async (line) => {
    const { exitCode, stdout } = await captureCli(line.split(" "));
    expect(exitCode).toBe(EXIT_CODES.DONE);
    expect(stdout).toContain("Usage: klipstream");
  },
);
