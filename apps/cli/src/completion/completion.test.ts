import { spawnSync } from "node:child_process";

import { expect, test } from "vitest";

import { captureCli } from "../testing/captureCli.ts";

const { stdout: script } = await captureCli(["completion", "bash"]);

/** What bash offers for the last word of a command line. */
function offers(...words: string[]): string[] {
  const line = ["klipstream", ...words].map((word) => `'${word}'`).join(" ");
  const asked = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _klipstream; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", `${script}\n${asked}`], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((offer) => offer !== "");
}

test("bash offers the commands, their sub-commands and their options", () => {
  expect(offers("")).toContain("doctor");
  expect(offers("set-")).toEqual(["set-status", "set-urls"]);
  expect(offers("key", "e")).toEqual(["exchange"]);
  expect(offers("outbox", "redrive", "--")).toContain("--dry-run");
  expect(offers("list", "--st")).toEqual(["--status", "--stalled"]);
});

test("bash offers statuses where one is wanted, and choices where they are known", () => {
  expect(offers("set-status", "123", "F")).toEqual([
    "Fetching\\ chat",
    "Finding\\ highlights",
    "Failed",
  ]);
  expect(offers("exec", "123", "--status", "Tr")).toEqual(["Transcribing"]);
  expect(offers("exec", "123", "--on-failure", "")).toEqual(["rollback", "fail"]);
  expect(offers("signing-key", "rotate", "")).toContain("publish");
  expect(offers("completion", "z")).toEqual(["zsh"]);
});

test("bash offers nothing of ours behind --", () => {
  expect(offers("exec", "123", "--status", "Queued", "--", "d")).toEqual([]);
});

test.each(["zsh", "fish"])("there is a script for %s with every command", async (shell) => {
  const { exitCode, stdout } = await captureCli(["completion", shell]);
  expect(exitCode).toBe(0);
  for (const word of ["doctor", "signing-key rotate", "redrive", "Fetching chat"])
    expect(stdout).toContain(word);
});

test("another shell is a usage error", async () => {
  expect(await captureCli(["completion", "tcsh"])).toMatchObject({ exitCode: 2, stdout: "" });
});
