import { describe, expect, test, vi } from "vitest";

import { mayWrite, readToken } from "./account.ts";
import { readCredential } from "./credential.ts";
import type { KeyExchange } from "./exchangeKey.ts";
import { Session } from "./Session.ts";
import { takeTokenFromAddress } from "./takeTokenFromAddress.ts";

const NOW = 1_700_000_000_000;
const KEY = `klip_raw-1_${"4f".repeat(32)}_1a2b3c4d`;

function tokenOf(claims: Record<string, unknown>): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "ES256" })}.${encode(claims)}.c2lnbmF0dXJl`;
}

const TOKEN = tokenOf({ sub: "raw-1", exp: NOW / 1000 + 60 });

function start(exchanges: KeyExchange[] = [], stored: string | null = null) {
  const storage = new Map(stored === null ? [] : [["klipstream.credential", stored]]);
  let fetchToken: (() => Promise<string | null | undefined>) | undefined;
  let onChange: ((isAuthenticated: boolean) => void) | undefined;
  const session = new Session({
    client: {
      setAuth: (fetch, change) => {
        fetchToken = () => fetch({ forceRefreshToken: false });
        onChange = change;
      },
      clearAuth: vi.fn(),
    },
    storage: {
      getItem: (name) => storage.get(name) ?? null,
      setItem: (name, value) => void storage.set(name, value),
      removeItem: (name) => void storage.delete(name),
    },
    exchangeKey: () => Promise.resolve(exchanges.shift() ?? { kind: "unreachable" }),
    now: () => NOW,
    delay: () => Promise.resolve(),
  });
  return {
    session,
    storage,
    fetchToken: () => fetchToken?.(),
    tellServerSays: (isAuthenticated: boolean) => onChange?.(isAuthenticated),
  };
}

const account = { subject: "raw-1", scopes: ["videos:read"], expiresAt: NOW + 60_000 };

describe("a pasted text", () => {
  test.each([
    [KEY, "key"],
    [`  ${KEY}\n`, "key"],
    [TOKEN, "token"],
  ])("%j is a credential", (text, kind) => {
    expect(readCredential(text)).toEqual({ kind, text: text.trim() });
  });

  test.each(["", "hunter2", "klip_ with space", "a.b", "prod:otter|abc"])("%j is none", (text) => {
    expect(readCredential(text)).toBeNull();
  });
});

describe("a token", () => {
  test("says whose it is and until when; what it is good for is left to the backend", () => {
    const found = readToken(TOKEN);
    expect(found).toEqual({ subject: "raw-1", scopes: null, expiresAt: NOW + 60_000 });
    expect(mayWrite(found)).toBe(true);
  });

  test.each(["a.b.c", `x.${Buffer.from("[]").toString("base64url")}.y`])("%s is none", (text) => {
    expect(readToken(text)).toBeNull();
  });
});

test.each([
  [["videos:read"], false],
  [["videos:read", "videos:write"], true],
])("an account with the scopes %j may write: %j", (scopes, may) => {
  expect(mayWrite({ ...account, scopes })).toBe(may);
  expect(mayWrite(null)).toBe(false);
});

describe("a session", () => {
  test("with a token is signed in at once, is kept for the tab, and hands the token over", async () => {
    const { session, storage, fetchToken } = start();
    session.signIn(TOKEN);
    expect(session.state).toMatchObject({ kind: "signedIn", account: { subject: "raw-1" } });
    expect([...storage.values()]).toEqual([TOKEN]);
    expect(await fetchToken()).toBe(TOKEN);
  });

  test("is taken up again after a reload", () => {
    const { session } = start([], TOKEN);
    session.resume();
    expect(session.state.kind).toBe("signedIn");
  });

  test("with a key is signed in with the token that the key is exchanged for", async () => {
    const { session, fetchToken } = start([{ kind: "token", token: TOKEN, account }]);
    session.signIn(KEY);
    expect(session.state).toMatchObject({ kind: "signedIn", account: null });
    expect(await fetchToken()).toBe(TOKEN);
    expect(session.state).toMatchObject({ kind: "signedIn", account });
  });

  test("keeps the token that it has where another lives no longer: the key itself ends then", async () => {
    const later = { ...account, expiresAt: account.expiresAt + 1 };
    const { session, fetchToken } = start([
      { kind: "token", token: "first", account },
      { kind: "token", token: "second", account },
      { kind: "token", token: "third", account: later },
    ]);
    session.signIn(KEY);
    expect(await fetchToken()).toBe("first");
    expect(await fetchToken()).toBe("first");
    expect(await fetchToken()).toBe("third");
  });

  test("tries a key again while the deployment cannot be reached", async () => {
    const { session, fetchToken } = start([
      { kind: "unreachable" },
      { kind: "token", token: TOKEN, account },
    ]);
    session.signIn(KEY);
    expect(await fetchToken()).toBe(TOKEN);
  });

  test("ends with the reason when a key is refused", async () => {
    const { session, storage, fetchToken } = start([{ kind: "refused", why: "unknown key" }]);
    session.signIn(KEY);
    expect(await fetchToken()).toBeNull();
    expect(session.state).toEqual({
      kind: "signedOut",
      because: { kind: "refused", why: "unknown key" },
    });
    expect(storage.size).toBe(0);
  });

  test("ends when the deployment does not accept the token", () => {
    const { session, tellServerSays } = start();
    session.signIn(TOKEN);
    tellServerSays(false);
    expect(session.state).toEqual({ kind: "signedOut", because: { kind: "refused", why: null } });
  });

  test("does not begin with an expired token", () => {
    const { session } = start();
    session.signIn(tokenOf({ sub: "raw-1", exp: NOW / 1000 - 1 }));
    expect(session.state).toEqual({
      kind: "signedOut",
      because: { kind: "expired", at: NOW - 1_000 },
    });
  });

  test("that was replaced ignores what is said of the one before", () => {
    const { session, tellServerSays } = start();
    session.signIn(TOKEN);
    session.signOut();
    tellServerSays(false);
    expect(session.state).toEqual({ kind: "signedOut", because: null });
  });
});

test("a key or a token in the address is taken out of it, and another fragment is left alone", () => {
  const take = (hash: string) => {
    const replaceState = vi.fn();
    const place = { location: { hash, pathname: "/", search: "" }, history: { replaceState } };
    return [takeTokenFromAddress(place), replaceState.mock.calls[0]?.[2] as unknown];
  };
  for (const text of [KEY, TOKEN]) expect(take(`#token=${text}`)).toEqual([text, "/#/"]);
  expect(take("#/videos/1")).toEqual([null, undefined]);
});
