import { createSigningKey, jwksDataUri, type SigningKey } from "@klipstream/client/keys";
import { describe, expect, test } from "vitest";

import {
  planPublish,
  planRetire,
  planSign,
  readSigningState,
  type StepPlan,
} from "./signingVariables.ts";

const [old, made, other] = (await Promise.all([0, 1, 2].map(() => createSigningKey()))) as [
  SigningKey,
  SigningKey,
  SigningKey,
];

type Variables = Record<string, string>;

const atRest: Variables = {
  KLIPSTREAM_JWT_JWKS: jwksDataUri([old.publicJwk]),
  KLIPSTREAM_JWT_PRIVATE_KEY: old.privateVariable,
};
const accept = () => Promise.resolve(true);

function apply(variables: Variables, plan: StepPlan): Variables {
  const changed = Object.entries({ ...variables, ...plan.variables });
  return Object.fromEntries(changed.filter(([, value]) => value !== null)) as Variables;
}

const kids = (variables: Variables) => {
  const { published, signs, next } = readSigningState(variables);
  return { published: published.map(({ kid }) => kid), signs, next };
};

const published = apply(atRest, planPublish(atRest, made));
const signing = apply(published, await planSign(published, accept));

test("the steps lead from one key at rest to the next one at rest", () => {
  expect(kids(published)).toEqual({
    published: [old.kid, made.kid],
    signs: old.kid,
    next: made.kid,
  });
  expect(kids(signing)).toEqual({ published: [old.kid, made.kid], signs: made.kid, next: null });
  const retired = apply(signing, planRetire(signing, 0));
  expect(kids(retired)).toEqual({ published: [made.kid], signs: made.kid, next: null });
});

describe("an unsafe order is refused:", () => {
  test("signing without a next key", async () => {
    await expect(planSign(atRest, accept)).rejects.toThrow(/no next key/);
    await expect(planSign(signing, accept)).rejects.toThrow(/no next key/);
  });

  test("signing with a key that the deployment does not accept", async () => {
    await expect(planSign(published, () => Promise.resolve(false))).rejects.toThrow(
      /does not accept the next key/,
    );
  });

  test("retiring a key before another signs", () => {
    expect(() => planRetire(atRest, 0)).toThrow(/no previous key/);
    expect(() => planRetire(published, 0)).toThrow(/no previous key/);
  });

  test("retiring a key while a token that it signed may live", () => {
    expect(() => planRetire(signing, 1000)).toThrow(/live for 1 s yet/);
  });

  test("beginning a rotation before the last one is done", () => {
    expect(() => planPublish(signing, other)).toThrow(/not done/);
  });

  test("beginning without a first key", () => {
    expect(() => planPublish({}, other)).toThrow(/no signing key/);
  });

  test("beginning where what signs is not published", () => {
    const broken = { ...atRest, KLIPSTREAM_JWT_JWKS: jwksDataUri([other.publicJwk]) };
    expect(() => planPublish(broken, made)).toThrow(/not among those/);
  });
});

test("publishing again replaces a next key that never signed", () => {
  const again = apply(published, planPublish(published, other));
  expect(kids(again)).toEqual({
    published: [old.kid, other.kid],
    signs: old.kid,
    next: other.kid,
  });
});
