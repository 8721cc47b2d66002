/** What is in the repository, and what is not: a key, a token or a private key. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import {
  createServiceAccountKey,
  createSigningKey,
  readServiceAccountKey,
} from "@klipstream/client/keys";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "");

/** The secrets in a text: by their shape, and keys by their checksum as well. */
function secretsIn(text: string): string[] {
  const shaped = [
    ...text.matchAll(/\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}/g),
    ...text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40,}/g),
    ...text.matchAll(/\bMII[A-Za-z0-9+/]{200,}/g),
  ].map(([found]) => found);
  const keys = [...text.matchAll(/\bklip_[\w.-]+/g)].map(([found]) => found);
  return [...shaped, ...keys.filter((key) => readServiceAccountKey(key) !== null)];
}

test("no file of the repository holds a key, a token or a private key", () => {
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((path) =>
    secretsIn(readFileSync(resolve(ROOT, path), "latin1")).map((secret) => ({
      path,
      begins: secret.slice(0, 12),
    })),
  );
  expect(found).toEqual([]);
});

test("each of them would be found", async () => {
  const { privateVariable } = await createSigningKey();
  const part = "a".repeat(40);
  for (const secret of [
    createServiceAccountKey("raw"),
    privateVariable,
    `eyJ${part}.eyJ${part}.${part}`,
    `-----BEGIN PRIVATE KEY-----\n${part}`,
  ])
    expect(secretsIn(`before ${secret} after`)).toHaveLength(1);
});
