import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { EXIT_CODES } from "../command/exitCodes.ts";
import { captureCli } from "../testing/captureCli.ts";
import { PROJECT, readText } from "../testing/operator.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-relay-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const relay = (...args: string[]) =>
  captureCli(["relay", ...args], {
    folder,
    environment: {
      CONVEX_URL: "http://127.0.0.1:1",
      CONVEX_OUTBOX_PATH: join(folder, "outbox.db"),
    },
    // Whatever it would take for an order to start ends at once.
    onEndSignal: (listener: (signal: "SIGTERM") => void) => {
      listener("SIGTERM");
      return () => undefined;
    },
  } as Parameters<typeof captureCli>[1]);

test("the option table of docs/relay.md is the command's help, with its defaults", async () => {
  const { stdout } = await relay("--help");
  const options = stdout.split(/^ {2}(?=-)/m).slice(1);
  const ofHelp = options.flatMap((text) => {
    const flags = /^--\S+ <\w+>/.exec(text)?.[0];
    const value = /\(default:\s+"?([^")]+)"?\)/.exec(text)?.[1] ?? "none";
    return flags === undefined ? [] : [[flags, value]];
  });
  const rows = readText(join(PROJECT, "docs/relay.md")).matchAll(
    /^\| `(--\S+ <\w+>)` *\|.*\| ([^|]+?) *\|$/gm,
  );
  const documented = [...rows].map(([, flags, value = ""]) => [flags, value.split(" ")[0]]);
  expect(ofHelp.length).toBeGreaterThan(0);
  expect(documented).toEqual(ofHelp);
});

describe("is refused with usage:", () => {
  test.each(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "relay.internal"])(
    "the address %s without a token",
    async (host) => {
      const { exitCode, stderr } = await relay("--host", host);
      expect(exitCode).toBe(EXIT_CODES.USAGE);
      expect(stderr).toContain("--require-token");
    },
  );

  test.each(["65536", "-1", "x", "1.5", ""])("the port %j", async (port) => {
    expect((await relay(`--port=${port}`)).exitCode).toBe(EXIT_CODES.USAGE);
  });

  test.each(["short", "two words of many characters", ""])("the token %j", async (token) => {
    writeFileSync(join(folder, "relay.token"), token);
    const { exitCode, stderr } = await relay("--require-token", "relay.token");
    expect(exitCode).toBe(EXIT_CODES.USAGE);
    expect(stderr).toContain("openssl rand");
    expect(stderr).not.toContain("two words");
  });

  test("a token file that is not there", async () => {
    const { exitCode, stderr } = await relay("--require-token", "none.token");
    expect(exitCode).toBe(EXIT_CODES.USAGE);
    expect(stderr).toContain("ENOENT");
  });
});
