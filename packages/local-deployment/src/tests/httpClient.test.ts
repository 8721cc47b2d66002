import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { ConvexError } from "convex/values";
import { afterAll, beforeAll, expect, it } from "vitest";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";
import { TokenIssuer } from "./tokenIssuer.ts";

const { notes } = anyApi;

let issuer: TokenIssuer;
let run: ProjectRun;
let client: ConvexHttpClient;
beforeAll(async () => {
  issuer = await TokenIssuer.create("https://issuer.test", "notes");
  run = await ProjectRun.deployed({ ...NOTES_PROJECT, "convex/auth.config.ts": issuer.authConfig });
});
afterAll(() => run[Symbol.asyncDispose]());
beforeAll(() => {
  client = new ConvexHttpClient(run.url, { logger: false });
});

it("queries, mutates and runs actions", async () => {
  await client.mutation(notes!.add!, { owner: "client", rank: 1 });
  expect(await client.query(notes!.ranks!, { owner: "client" })).toEqual([1]);
  expect(await client.action(notes!.clearNow!, {})).toBe(1);
});

it("keeps every type of value", async () => {
  const value = {
    big: -7n,
    bytes: new Uint8Array([1, 2, 3]).buffer,
    nan: NaN,
    list: [null, "é", 1.5],
  };
  expect(await client.query(notes!.echo!, { value })).toEqual(value);
});

it("throws a ConvexError with its data", async () => {
  const error: unknown = await client
    .mutation(notes!.refuse!, {})
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConvexError);
  expect((error as ConvexError<{ code: string }>).data).toEqual({ code: "REFUSED", count: 3n });
});

it("sees with consistentQuery the same state in all its queries, whatever is written meanwhile", async () => {
  const owner = "consistent";
  await client.mutation(notes!.add!, { owner, rank: 1 });
  /* eslint-disable @typescript-eslint/no-deprecated -- Experimental in the client, and served all the same. */
  const ranks = async () =>
    (await client.consistentQuery(notes!.ranks!, { owner })) as unknown as number[];
  /* eslint-enable @typescript-eslint/no-deprecated */
  const before = await ranks();
  const writer = new ConvexHttpClient(run.url, { logger: false });
  await writer.mutation(notes!.add!, { owner, rank: 2 });
  expect(before).toEqual([1]);
  expect(await ranks()).toEqual([1]);
  expect(await client.query(notes!.ranks!, { owner })).toEqual([1, 2]);
});

it("acts as the user of its token", async () => {
  const user = new ConvexHttpClient(run.url, { logger: false });
  user.setAuth(await issuer.token({ scope: "notes:write", org: { id: "o1" } }));
  expect(await user.query(notes!.who!, {})).toEqual({
    issuer: "https://issuer.test",
    subject: "someone",
    tokenIdentifier: "https://issuer.test|someone",
    scope: "notes:write",
    "org.id": "o1",
  });
});

it("is refused with an expired token, and nothing runs", async () => {
  const user = new ConvexHttpClient(run.url, { logger: false });
  user.setAuth(await issuer.token({}, { expiresInS: -60 }));
  await expect(user.mutation(notes!.add!, { owner: "expired", rank: 1 })).rejects.toThrow(
    "Token expired",
  );
  expect(await client.query(notes!.ranks!, { owner: "expired" })).toEqual([]);
});
