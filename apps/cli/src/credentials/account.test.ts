import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readServiceAccountKey } from "@klipstream/client/keys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { expectDone, type Operator, startOperator } from "../testing/operator.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
  operator.environment["KLIPSTREAM_OPERATOR"] = "ada@laptop";
});
afterAll(() => operator.close());

const done = async (...args: string[]) => expectDone(await operator.run(args)).stdout;
const withKey = (key: string) => ({
  environment: {
    ...operator.environment,
    CONVEX_API_KEY: key,
    CONVEX_OUTBOX_PATH: join(operator.folder, "r.db"),
  },
});
const keyIdOf = (key: string) => readServiceAccountKey(key)?.keyId ?? "";

describe("key create", () => {
  test("does not print a key on a terminal, and writes it for its owner alone", async () => {
    await done("account", "create", "raw");
    const onTerminal = await operator.run(["key", "create", "raw"], { terminalColumns: 80 });
    expect(onTerminal).toMatchObject({ exitCode: 2, stdout: "" });
    const said = expectDone(await operator.run(["key", "create", "raw", "--out", "raw.key"]));
    const file = join(operator.folder, "raw.key");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = readFileSync(file, "utf8").trim();
    expect(readServiceAccountKey(key)).toMatchObject({ account: "raw" });
    expect(said.stdout + said.stderr).not.toContain(key);
    expect(await operator.run(["key", "create", "raw", "--out", "raw.key"])).toMatchObject({
      exitCode: 1,
    });
  });

  test("for an account that there is not is exit code 5", async () => {
    const refused = await operator.run(["key", "create", "nobody"]);
    expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
    expect(refused.stderr).toContain("klipstream account create nobody");
  });

  test("lets two keys of one account work, so that one replaces the other without a gap", async () => {
    const old = await operator.createKey("replaced");
    const fresh = await operator.createKey("replaced");
    for (const key of [old, fresh])
      expect(await operator.run(["list"], withKey(key))).toMatchObject({ exitCode: 0 });
    const listed = await done("key", "list", "replaced", "--json");
    expect(JSON.parse(listed)).toMatchObject([
      { keyId: keyIdOf(old), lastUsedAt: expect.any(Number) as number },
      { keyId: keyIdOf(fresh) },
    ]);
    expect(listed).not.toContain(old.split("_")[2]);
    await done("key", "revoke", keyIdOf(old), "--yes");
    expect(await operator.run(["list"], withKey(old))).toMatchObject({ exitCode: 4 });
    expect(await operator.run(["list"], withKey(fresh))).toMatchObject({ exitCode: 0 });
  });
});

describe("key revoke", () => {
  test("asks first, and does nothing in a dry run", async () => {
    const key = await operator.createKey("asked");
    expect(await operator.run(["key", "revoke", keyIdOf(key)])).toMatchObject({ exitCode: 2 });
    await done("key", "revoke", keyIdOf(key), "--dry-run");
    expect(await operator.run(["list"], withKey(key))).toMatchObject({ exitCode: 0 });
    await done("key", "revoke", keyIdOf(key), "--yes");
    const twice = await operator.run(["key", "revoke", keyIdOf(key), "--yes"]);
    expect(twice).toMatchObject({ exitCode: 2 });
    expect(twice.stderr).toContain("names no key");
  });
});

describe("key exchange", () => {
  test("prints a token that the deployment takes", async () => {
    const token = (await done("key", "exchange")).trim();
    expect(await operator.run(["list"], withKey(token))).toMatchObject({ exitCode: 0 });
  });

  test("of a key file that others may read is refused, with the fix", async () => {
    mkdirSync(join(operator.folder, "loose"));
    const file = join(operator.folder, "loose", "raw.key");
    writeFileSync(file, await operator.createKey("loose"), { mode: 0o644 });
    const refused = await operator.run(["key", "exchange", "--key-file", file]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain(`chmod 600 ${file}`);
  });
});

describe("account", () => {
  test("disable locks out at once, enable lets the old keys in again", async () => {
    const key = await operator.createKey("locked");
    expect(await operator.run(["account", "disable", "locked"])).toMatchObject({ exitCode: 2 });
    await done("account", "disable", "locked", "--yes");
    expect(await operator.run(["list"], withKey(key))).toMatchObject({ exitCode: 4 });
    expect(await done("account", "list")).toMatch(/^locked +disabled /m);
    await done("account", "enable", "locked");
    expect(await operator.run(["list"], withKey(key))).toMatchObject({ exitCode: 0 });
  });

  test("set-scopes takes the right to write, and leaves the right to read", async () => {
    const key = await operator.createKey("narrowed");
    await done("account", "set-scopes", "narrowed", "videos:read");
    expect(await operator.run(["list"], withKey(key))).toMatchObject({ exitCode: 0 });
    expect(await operator.run(["create", "2434637009"], withKey(key))).toMatchObject({
      exitCode: 4,
    });
  });

  test("bind needs a trusted issuer, and show says what is bound", async () => {
    await done("account", "create", "bound");
    const bind = ["account", "bind", "bound", "--subject", "repo:a/b"];
    const refused = await operator.run(bind);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain("KLIPSTREAM_OIDC_ISSUER");
    await operator.setVariables({ KLIPSTREAM_OIDC_ISSUER: "https://one.example" });
    await done(...bind);
    expect(await done("account", "show", "bound")).toMatch(/workload +repo:a\/b of https:\/\/one/);
    await done("account", "unbind", "bound", "--subject", "repo:a/b", "--yes");
    expect(await done("account", "show", "bound")).not.toContain("repo:a/b");
  });

  test("says which key it needs, and does not take a wrong one", async () => {
    const { CONVEX_SELF_HOSTED_ADMIN_KEY: _key, ...without } = operator.environment;
    expect(await operator.run(["account", "list"], { environment: without })).toMatchObject({
      exitCode: 2,
    });
    const environment = { ...operator.environment, CONVEX_SELF_HOSTED_ADMIN_KEY: "wrong|key" };
    const wrong = await operator.run(["account", "list"], { environment });
    expect(wrong).toMatchObject({ exitCode: 4 });
    expect(wrong.stderr).not.toContain("wrong|key");
  });
});

test("audit says who did what, newest first", async () => {
  await done("account", "create", "audited");
  await done("account", "disable", "audited", "--yes");
  const rows = JSON.parse(await done("audit", "--limit", "2", "--json")) as object[];
  expect(rows).toMatchObject([
    { by: "ada@laptop", action: "account.disable", target: "audited" },
    { by: "ada@laptop", action: "account.create", target: "audited" },
  ]);
  expect(await done("audit")).toMatch(/ada@laptop +account\.disable +audited/);
});

test("signing-key init refuses to replace a key", async () => {
  const refused = await operator.run(["signing-key", "init"]);
  expect(refused).toMatchObject({ exitCode: 1 });
  expect(refused.stderr).toContain("signing-key rotate");
});
