import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";

import { ConfigurationError, TokenUnavailableError } from "../errors.ts";
import { VirtualClock } from "../VirtualClock.ts";
import { Credentials } from "./credentials.ts";
import {
  createServiceAccountKey,
  createSigningKey,
  jwksDataUri,
  mintToken,
  parseServiceAccountKey,
  TOKEN_AUDIENCE,
} from "./serviceAccountKey.ts";
import { tokenSourceFor } from "./tokenSource.ts";

const ISSUER = "https://keys.example";
const signingKey = await createSigningKey();
const account = {
  subject: "raw-pipeline",
  scope: "videos:write",
  generation: 3,
  issuer: ISSUER,
};
const apiKey = createServiceAccountKey({ signingKey, ...account });

describe("a service-account key", () => {
  it("is one printable string that says what it is, and reads back", () => {
    expect(apiKey).toMatch(/^klipstream_sa_[\w-]+$/);
    const { kid, privateJwk } = signingKey;
    expect(parseServiceAccountKey(apiKey)).toEqual({ ...account, kid, privateJwk });
  });

  it("mints tokens that its JWKS verifies, with the claims that the backend reads", async () => {
    const now = 1_760_000_000_000;
    const token = await mintToken(parseServiceAccountKey(apiKey), { now });
    const uri = jwksDataUri([signingKey.publicJwk]);
    const jwks = (await (await fetch(uri)).json()) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: ISSUER,
      audience: TOKEN_AUDIENCE,
      currentDate: new Date(now),
    });
    expect(protectedHeader).toMatchObject({ alg: "ES256", kid: signingKey.kid });
    expect(payload).toMatchObject({
      sub: "raw-pipeline",
      scope: "videos:write",
      gen: 3,
      iat: now / 1000 - 30,
      exp: now / 1000 + 600,
    });
  });

  it("has a JWKS without any private part", () => {
    const uri = jwksDataUri([signingKey.publicJwk]);
    const text = Buffer.from(uri.split(",")[1]!, "base64").toString();
    expect(text).not.toContain(signingKey.privateJwk.d);
    expect(text).not.toContain('"d"');
  });

  it("that has expired mints nothing, and says so", async () => {
    const expired = parseServiceAccountKey(
      createServiceAccountKey({ signingKey, ...account, expiresAt: 1000 }),
    );
    await expect(mintToken(expired, { now: 1000 })).rejects.toThrow(/expired on 1970-01-01/);
  });

  it.each([
    ["cut off", apiKey.slice(0, -10)],
    ["of another kind", "klipstream_sa_bm90IGpzb24"],
    ["empty", "klipstream_sa_"],
  ])("that is %s is refused without repeating it", (_name, text) => {
    expect(() => parseServiceAccountKey(text, "CONVEX_API_KEY")).toThrow(ConfigurationError);
    expect(() => parseServiceAccountKey(text, "CONVEX_API_KEY")).not.toThrow(
      text.slice(14, 30) || "\0",
    );
  });
});

describe("CONVEX_API_KEY", () => {
  const clock = new VirtualClock();

  it("that is a deploy key is refused with the reason", () => {
    expect(() => tokenSourceFor("prod:happy-animal-123|eyJ2", "CONVEX_API_KEY", clock)).toThrow(
      /^CONVEX_API_KEY: is a Convex deploy key.*whole deployment/,
    );
  });

  it("that is neither key nor JWT is refused", () => {
    expect(() => tokenSourceFor("hello", "apiKey", clock)).toThrow(/neither/);
    expect(() => tokenSourceFor("a.b.c", "apiKey", clock)).toThrow(/neither/);
  });

  it("that is a JWT is used as it is", async () => {
    const jwt = await mintToken(parseServiceAccountKey(apiKey), { now: Date.now() });
    expect(await tokenSourceFor(jwt, "apiKey", clock)({ forceRefresh: true })).toBe(jwt);
  });
});

describe("minted tokens", () => {
  it("are used until a tenth of their life is left, whatever the wall clock does", async () => {
    const clock = new VirtualClock();
    const source = tokenSourceFor(apiKey, "apiKey", clock);
    const first = await source({ forceRefresh: false });
    clock.jump(-3_600_000);
    await clock.advance(539_000);
    expect(await source({ forceRefresh: false })).toBe(first);
    await clock.advance(2000);
    expect(await source({ forceRefresh: false })).not.toBe(first);
  });

  it("are minted one at a time", async () => {
    const source = tokenSourceFor(apiKey, "apiKey", new VirtualClock());
    const tokens = await Promise.all(
      Array.from({ length: 10 }, () => source({ forceRefresh: false })),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(decodeJwt(tokens[0]!).sub).toBe("raw-pipeline");
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
});
