import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { expectDone, type Operator, startOperator } from "../../testing/operator.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
});
afterAll(() => operator.close());

describe("token", () => {
  test("files are for their owner alone, and git ignores the keyring", () => {
    const keyring = join(operator.folder, ".klipstream", "keyring.json");
    expect(statSync(keyring).mode & 0o777).toBe(0o600);
    expect(statSync(join(operator.folder, ".klipstream")).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(operator.folder, ".klipstream", ".gitignore"), "utf8")).toBe("*\n");
  });

  test("init refuses to replace a keyring", async () => {
    expect(await operator.run(["token", "init"])).toMatchObject({ exitCode: 1 });
  });

  test("create-key does not print a key on a terminal, and writes it for its owner alone", async () => {
    const onTerminal = await operator.run(["token", "create-key", "raw"], { terminalColumns: 80 });
    expect(onTerminal).toMatchObject({ exitCode: 2, stdout: "" });
    const file = join(operator.folder, "raw.key");
    await operator.run(["token", "create-key", "raw", "--out", "raw.key", "--expires", "90d"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await operator.run(["token", "inspect", "raw.key"])).toMatchObject({ exitCode: 0 });
    expect(await operator.run(["token", "create-key", "raw", "--out", "raw.key"])).toMatchObject({
      exitCode: 1,
    });
  });

  test("mint makes a token that the deployment takes, with no more scope than the key has", async () => {
    const { stdout } = await operator.run(["token", "mint", "--scope", "videos:read"]);
    const token = stdout.trim();
    const inspected = await operator.run(["token", "inspect", "-", "--json"], { stdin: token });
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      kind: "token",
      subject: "operator",
      scope: "videos:read",
      problems: [],
    });
    const reader = { environment: { ...operator.environment, CONVEX_API_KEY: token } };
    expect(await operator.run(["list"], reader)).toMatchObject({ exitCode: 0 });
    const readerKey = await operator.createKey("reader", "--scope", "videos:read");
    const tooMuch = await operator.run(
      ["token", "mint", "--key-file", "-", "--scope", "videos:write"],
      {
        stdin: readerKey,
      },
    );
    expect(tooMuch).toMatchObject({ exitCode: 2 });
  });

  test("a key file that others may read is refused, with the fix", async () => {
    mkdirSync(join(operator.folder, "loose"));
    const file = join(operator.folder, "loose", "raw.key");
    writeFileSync(file, await operator.createKey("raw"), { mode: 0o644 });
    const refused = await operator.run(["token", "mint", "--key-file", file]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain(`chmod 600 ${file}`);
  });

  test("revoke withdraws a key at once, and a new key works", async () => {
    const twitchId = "2434637001";
    await operator.run(["create", twitchId]);
    const withKey = (key: string) => ({
      environment: {
        ...operator.environment,
        CONVEX_API_KEY: key,
        CONVEX_OUTBOX_PATH: join(operator.folder, "r.db"),
      },
    });
    const old = withKey(await operator.createKey("leaky"));
    expect(await operator.run(["set-status", twitchId, "Downloading"], old)).toMatchObject({
      exitCode: 0,
    });
    expect(await operator.run(["token", "revoke", "leaky", "--dry-run"])).toMatchObject({
      exitCode: 0,
    });
    expect(await operator.run(["set-status", twitchId, "Queued"], old)).toMatchObject({
      exitCode: 0,
    });
    expect(await operator.run(["token", "revoke", "leaky"])).toMatchObject({ exitCode: 2 });
    expect(await operator.run(["token", "revoke", "leaky", "--yes"])).toMatchObject({
      exitCode: 0,
    });
    expect(await operator.run(["list"], old)).toMatchObject({ exitCode: 4 });
    const fresh = withKey(await operator.createKey("leaky"));
    expect(await operator.run(["list"], fresh)).toMatchObject({ exitCode: 0 });
    expectDone(await operator.run(["token", "revoke", "leaky", "--disable", "--yes"]));
    const disabled = withKey(await operator.createKey("leaky"));
    expect(await operator.run(["list"], disabled)).toMatchObject({ exitCode: 4 });
    expectDone(await operator.run(["token", "revoke", "leaky", "--enable"]));
    expect(await operator.run(["list"], disabled)).toMatchObject({ exitCode: 0 });
    expect(await operator.run(["list"], fresh)).toMatchObject({ exitCode: 4 });
  });

  test("revoke says which key it needs, and does not take a wrong one", async () => {
    const { CONVEX_SELF_HOSTED_ADMIN_KEY: _key, ...without } = operator.environment;
    expect(
      await operator.run(["token", "revoke", "raw", "--yes"], { environment: without }),
    ).toMatchObject({
      exitCode: 2,
    });
    const environment = { ...operator.environment, CONVEX_SELF_HOSTED_ADMIN_KEY: "wrong|key" };
    const wrong = await operator.run(["token", "revoke", "raw", "--yes"], { environment });
    expect(wrong).toMatchObject({ exitCode: 4 });
    expect(wrong.stderr).not.toContain("wrong|key");
  });
});
