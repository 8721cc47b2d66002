import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";

import { BackendUnavailableError, ConfigurationError, TokenUnavailableError } from "../errors.ts";
import { useTestManagers } from "../testing/createTestManager.ts";
import { type Fault, TOKEN_LIFETIME_MS } from "../testing/FakeBackend.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { Credentials } from "./credentials.ts";
import {
  createServiceAccountKey,
  hashServiceAccountKey,
  readServiceAccountKey,
} from "./serviceAccountKey.ts";
import { createSigningKey, jwksDataUri, readJwksDataUri } from "./signingKey.ts";
import { exchangingTokenSource, tokenSourceFor } from "./tokenSource.ts";

const apiKey = createServiceAccountKey("raw-pipeline");

describe("a service-account key", () => {
  it("says its account and its id, and is another each time", () => {
    expect(apiKey).toMatch(/^klip_raw-pipeline_[0-9a-f]{64}_[0-9a-f]{8}$/);
    expect(readServiceAccountKey(apiKey)).toEqual({
      account: "raw-pipeline",
      keyId: hashServiceAccountKey(apiKey).slice(0, 12),
    });
    expect(createServiceAccountKey("raw-pipeline")).not.toBe(apiKey);
  });

  it("with any one character changed is known to be none", () => {
    for (let place = 0; place < apiKey.length; place += 1) {
      const changed = apiKey[place] === "0" ? "1" : "0";
      const text = apiKey.slice(0, place) + changed + apiKey.slice(place + 1);
      expect(readServiceAccountKey(text), text).toBeNull();
    }
  });

  it.each([
    ["cut off", apiKey.slice(0, -10)],
    ["without an account", apiKey.replace("raw-pipeline", "")],
    ["with a word after it", `${apiKey} `],
    ["empty", "klip_"],
  ])("that is %s is refused without repeating it", (_name, text) => {
    const use = () => sourceFor(text, "CONVEX_API_KEY");
    expect(use).toThrow(ConfigurationError);
    expect(use).not.toThrow(text.slice(-20, -10) || "\0");
  });
});

describe("a signing key", () => {
  it("is published without its private half", async () => {
    const key = await createSigningKey();
    const uri = jwksDataUri([key.publicJwk]);
    expect(readJwksDataUri(uri)).toEqual([key.publicJwk]);
    expect(Object.keys(key.publicJwk).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    const { kid, pkcs8 } = JSON.parse(key.privateVariable) as Record<string, string>;
    expect(kid).toBe(key.kid);
    expect(Buffer.from(uri.split(",")[1]!, "base64").toString()).not.toContain(
      pkcs8!.slice(60, 90),
    );
  });

  it("fits with its successor into the 8 KiB that a variable may have", async () => {
    const keys = [await createSigningKey(), await createSigningKey()];
    expect(jwksDataUri(keys.map(({ publicJwk }) => publicJwk)).length).toBeLessThan(8192);
    expect(keys[0]!.privateVariable.length).toBeLessThan(8192);
  });

  it.each(["", "data:,{}", "data:application/json;base64,e30=", "https://x.example"])(
    "is not found in %j",
    (value) => expect(readJwksDataUri(value)).toEqual([]),
  );
});

function sourceFor(text: string, option = "apiKey") {
  const exchangeKey = () => Promise.reject(new Error("not exchanged"));
  return tokenSourceFor(text, option, { exchangeKey, clock: new VirtualClock() });
}

describe("CONVEX_API_KEY", () => {
  it("that is a deploy key is refused with the reason", () => {
    expect(() => sourceFor("prod:happy-animal-123|eyJ2", "CONVEX_API_KEY")).toThrow(
      /^CONVEX_API_KEY: is a Convex deploy key.*whole deployment/,
    );
  });

  it("that is neither key nor JWT is refused", () => {
    expect(() => sourceFor("hello")).toThrow(/neither/);
    expect(() => sourceFor("a.b.c")).toThrow(/neither/);
  });

  it("that is a JWT is used as it is", async () => {
    const secret = new TextEncoder().encode("0".repeat(32));
    const jwt = await new SignJWT({ sub: "x" }).setProtectedHeader({ alg: "HS256" }).sign(secret);
    expect(await sourceFor(jwt)({ forceRefresh: true })).toBe(jwt);
  });
});

describe("an exchange", () => {
  function countingExchange(lifetimeMs = TOKEN_LIFETIME_MS) {
    const counted = { count: 0, fail: false };
    const exchange = async () => {
      await Promise.resolve();
      if (counted.fail) throw new BackendUnavailableError("connection", "away");
      counted.count += 1;
      return { token: `token-${counted.count}`, lifetimeMs };
    };
    return { counted, exchange };
  }

  it("is made when four fifths of a token's life are over, whatever the wall clock does", async () => {
    const clock = new VirtualClock();
    const { exchange } = countingExchange();
    const source = exchangingTokenSource(exchange, clock);
    expect(await source({ forceRefresh: false })).toBe("token-1");
    clock.jump(-3_600_000);
    await clock.advance(479_999);
    expect(await source({ forceRefresh: false })).toBe("token-1");
    await clock.advance(1);
    expect(await source({ forceRefresh: false })).toBe("token-2");
  });

  it("is made once, however many calls wait for it", async () => {
    const { counted, exchange } = countingExchange();
    const source = exchangingTokenSource(exchange, new VirtualClock());
    const ask = () => source({ forceRefresh: false });
    const tokens = await Promise.all(Array.from({ length: 100 }, ask));
    expect(new Set(tokens)).toEqual(new Set(["token-1"]));
    expect(counted.count).toBe(1);
  });

  it("that failed is made again by the next call", async () => {
    const { counted, exchange } = countingExchange();
    const source = exchangingTokenSource(exchange, new VirtualClock());
    counted.fail = true;
    await expect(source({ forceRefresh: false })).rejects.toThrow("away");
    counted.fail = false;
    expect(await source({ forceRefresh: false })).toBe("token-1");
  });
});

describe("a manager with a key", () => {
  const setUp = useTestManagers();
  const isExchange = ({ path }: { path: string }) => path === "accessTokens:exchange";

  it("exchanges it at the same URL, once, without sending it as a credential", async () => {
    const { backend, clock, update } = setUp({ apiKey });
    for (const video of ["1", "2", "3"]) await update(video);
    await clock.advance(1000);
    const exchanges = backend.requests.filter(isExchange);
    expect(exchanges).toEqual([
      { path: "accessTokens:exchange", args: { key: apiKey }, authorization: null },
    ]);
    const sent = backend.requests.filter((request) => !isExchange(request));
    expect(new Set(sent.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer token-1"]),
    );
    expect(backend.applied).toHaveLength(3);
  });

  it("takes a deployment that is away, or whose exchange breaks, while a token is due for an outage like any other", async () => {
    const { manager, backend, clock, lines, update } = setUp({ apiKey });
    await update("1");
    await clock.advance(TOKEN_LIFETIME_MS);
    const functionError = "[Request ID: 0123456789abcdef] Server Error";
    const faults: Fault[] = ["refuse", "hang", { status: 503 }, { status: 429 }, { functionError }];
    backend.onRequest = () => faults.shift();
    await update("1");
    await update("1");
    await clock.advance(60_000);
    expect(faults).toEqual([]);
    expect(backend.order).toEqual(["1/u1", "1/u2", "1/u3"]);
    expect(lines.map(({ event }) => event)).not.toContain("auth.refused");
    expect(manager.stats()).toMatchObject({ pending: 0, deadLettered: 0, acknowledged: 3 });
  });

  it("exchanges it once more when a token is refused", async () => {
    const { backend, clock, update } = setUp({ apiKey });
    backend.onRequest = (request) =>
      request.authorization === "Bearer token-1" ? { status: 401 } : undefined;
    await update("1");
    await clock.advance(1000);
    expect(backend.exchanges).toBe(2);
    expect(backend.order).toEqual(["1/u1"]);
  });

  it("that is refused gives nothing up, and goes on once it is accepted", async () => {
    const { manager, backend, clock, lines, update } = setUp({ apiKey });
    const errorData = { code: "UNAUTHENTICATED", message: "This key is not accepted." };
    backend.onRequest = (request) => (isExchange(request) ? { errorData } : undefined);
    await update("1");
    await clock.advance(100_000);
    // One at once, then one every 30 s.
    expect(backend.requests.length).toBeLessThan(8);
    expect(lines.filter(({ event }) => event === "auth.refused")).toHaveLength(1);
    expect(manager.stats()).toMatchObject({ pending: 1, deadLettered: 0 });
    backend.onRequest = () => undefined;
    await clock.advance(60_000);
    expect(backend.order).toEqual(["1/u1"]);
  });
});

describe("credentials", () => {
  function countingSource() {
    let count = 0;
    const source = ({ forceRefresh }: { forceRefresh: boolean }) => {
      if (forceRefresh) count += 1;
      return Promise.resolve(`token-${count}`);
    };
    return source;
  }

  it("replace a refused token once, and say when another would be no better", async () => {
    const credentials = new Credentials(countingSource());
    const first = await credentials.issue();
    expect(credentials.refused(first.serial)).toBe(true);
    const second = await credentials.issue();
    expect(second.token).toBe("token-1");
    expect(credentials.refused(second.serial)).toBe(false);
  });

  it("do not replace the new token because a request with the old one was refused late", async () => {
    const credentials = new Credentials(countingSource());
    const first = await credentials.issue();
    credentials.refused(first.serial);
    const second = await credentials.issue();
    expect(credentials.refused(first.serial)).toBe(true);
    expect(await credentials.issue()).toEqual(second);
  });

  it("may replace a token again once its replacement was accepted", async () => {
    const credentials = new Credentials(countingSource());
    credentials.refused((await credentials.issue()).serial);
    const second = await credentials.issue();
    credentials.accepted(second.serial);
    expect(credentials.refused(second.serial)).toBe(true);
  });

  it("say what the source threw", async () => {
    const credentials = new Credentials(() => Promise.reject(new Error("vault sealed")));
    await expect(credentials.issue()).rejects.toThrow(TokenUnavailableError);
    await expect(credentials.issue()).rejects.toThrow("vault sealed");
  });

  it("hand on what an exchange throws as the outage that it is", async () => {
    const outage = new BackendUnavailableError("connection", "away");
    await expect(new Credentials(() => Promise.reject(outage)).issue()).rejects.toBe(outage);
  });
});
