import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { readSecretFile, shellWord, writeSecretFile } from "./secretFile.ts";

const folder = mkdtempSync(join(tmpdir(), "klipstream-secret-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a secret file is for its owner alone, in a folder for its owner alone", async () => {
  const path = join(folder, "keys", "raw.key");
  await writeSecretFile(path, "secret\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "keys")).mode & 0o777).toBe(0o700);
  expect(await readSecretFile(path)).toBe("secret\n");
});

test.each([0o640, 0o604, 0o644, 0o666])("a mode of %o is refused, with the fix", async (mode) => {
  const path = join(folder, `loose-${mode}.key`);
  writeFileSync(path, "secret");
  chmodSync(path, mode);
  await expect(readSecretFile(path)).rejects.toMatchObject({
    message: expect.stringContaining(mode.toString(8)) as string,
    remedy: `chmod 600 ${path}`,
  });
});

test("a missing file is said to be missing", async () => {
  await expect(readSecretFile(join(folder, "none"))).rejects.toThrow(/does not exist/);
});

test("a word for a shell comes back as it was", () => {
  expect(shellWord("https://klipstream.example/a")).toBe("https://klipstream.example/a");
  expect(shellWord("it's")).toBe("'it'\\''s'");
});
