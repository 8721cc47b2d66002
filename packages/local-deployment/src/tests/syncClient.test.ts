import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";
import { TokenIssuer } from "./tokenIssuer.ts";
import { Updates } from "./updates.ts";

const notes = anyApi["notes"]!;

let issuer: TokenIssuer;
let run: ProjectRun;
beforeAll(async () => {
  issuer = await TokenIssuer.create("https://issuer.test", "notes");
  run = await ProjectRun.deployed({ ...NOTES_PROJECT, "convex/auth.config.ts": issuer.authConfig });
});
afterAll(() => run[Symbol.asyncDispose]());
beforeEach(() => run.deployment.faults.clear());

/** A client that is closed when the test ends. */
function connect(): ConvexClient & AsyncDisposable {
  const client = new ConvexClient(run.url, { logger: false });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

let ownerCount = 0;
const newOwner = () => `owner ${++ownerCount}`;

function subscribe(client: ConvexClient, owner: string): Updates<number[]> {
  const updates = new Updates<number[]>();
  client.onUpdate(notes["ranks"]!, { owner }, updates.add, updates.fail);
  return updates;
}

describe("a subscription", () => {
  it("is told of mutations over the WebSocket, over HTTP and by scheduled functions", async () => {
    await using client = connect();
    const owner = newOwner();
    const updates = subscribe(client, owner);
    await updates.until((ranks) => ranks.length === 0);
    await client.mutation(notes["add"]!, { owner, rank: 1 });
    await updates.until((ranks) => ranks.join() === "1");
    await run.post("/api/mutation", { path: "notes:add", args: { owner, rank: 2 } });
    await updates.until((ranks) => ranks.join() === "1,2");
    await run.post("/api/mutation", { path: "notes:clearLater", args: { ms: 5 } });
    await updates.until((ranks) => ranks.length === 0);
  });

  it("has seen a mutation's writes when the mutation's promise resolves", async () => {
    await using client = connect();
    const owner = newOwner();
    const updates = subscribe(client, owner);
    await updates.until(() => true);
    for (let rank = 1; rank <= 5; rank++) {
      await client.mutation(notes["add"]!, { owner, rank });
      expect(updates.newest).toHaveLength(rank);
    }
  });

  it("is not told of what does not change its answer", async () => {
    await using client = connect();
    const updates = subscribe(client, newOwner());
    await updates.until(() => true);
    await client.mutation(notes["add"]!, { owner: newOwner(), rank: 1 });
    expect(updates.count).toBe(1);
  });

  it("gets the error of a query that fails", async () => {
    await using client = connect();
    const updates = new Updates<unknown>();
    client.onUpdate(notes["wrongResult"]!, {}, updates.add, updates.fail);
    await expect(updates.until(() => false)).rejects.toThrow("ReturnsValidationError");
  });

  it("is told when new code or a variable changes its answer", async () => {
    const file = (value: string) => ({
      "convex/versions.ts": `import { query } from "./_generated/server";
export const get = query({ args: {}, handler: () => "${value}" + (process.env.SUFFIX ?? "") });`,
    });
    await run.project.write(file("one"));
    await run.deploy();
    await using client = connect();
    const updates = new Updates<string>();
    client.onUpdate(anyApi["versions"]!["get"]!, {}, updates.add, updates.fail);
    await updates.until((value) => value === "one");
    await run.convex("env", "set", "SUFFIX", "!");
    await updates.until((value) => value === "one!");
    await run.project.write(file("two"));
    await run.deploy();
    await updates.until((value) => value === "two!");
  });
});

describe("a mutation", () => {
  it.each(["beforeCommit", "afterCommit"] as const)(
    "takes effect exactly once when the connection is cut %s",
    async (cut) => {
      await using client = connect();
      const owner = newOwner();
      const updates = subscribe(client, owner);
      await updates.until(() => true);
      run.deployment.faults.set([{ function: "notes:add", cut, times: 1 }]);
      await client.mutation(notes["add"]!, { owner, rank: 1 });
      expect(run.deployment.faults.hits).toBe(1);
      expect(updates.newest).toEqual([1]);
    },
  );

  it("waits for a deployment that is cut off, and takes effect when it is back", async () => {
    await using client = connect();
    const owner = newOwner();
    const updates = subscribe(client, owner);
    await updates.until(() => true);
    await run.deployment.disconnect();
    const pending = client.mutation(notes["add"]!, { owner, rank: 1 });
    await expect(fetch(run.url)).rejects.toThrow();
    await run.deployment.reconnect();
    await pending;
    expect(updates.newest).toEqual([1]);
  });

  it("runs after the one that the same client sent before", async () => {
    await using client = connect();
    const owner = newOwner();
    const updates = subscribe(client, owner);
    await Promise.all([3, 1, 2].map((rank) => client.mutation(notes["add"]!, { owner, rank })));
    await updates.until((ranks) => ranks.length === 3);
    const { body } = await run.post("/api/query", { path: "notes:list", args: { owner } });
    const stored = (body as { value: { _creationTime: number; rank: number }[] }).value;
    const inOrder = stored
      .sort((a, b) => a._creationTime - b._creationTime)
      .map((each) => each.rank);
    expect(inOrder).toEqual([3, 1, 2]);
  });
});

describe("setAuth", () => {
  it("runs queries as the user, and as nobody after the user is gone", async () => {
    await using client = connect();
    const updates = new Updates<{ subject: string } | null>();
    client.onUpdate(notes["who"]!, {}, updates.add, updates.fail);
    await updates.until((who) => who === null);
    // The client confirms a first token with a second one, and then lets it be.
    const subjects = ["first", "second"];
    client.setAuth(() => issuer.token({}, { subject: subjects.shift() ?? "third" }));
    await updates.until((who) => who?.subject === "second");
    client.client.clearAuth();
    await updates.until((who) => who === null);
  });

  it("asks for another token when the deployment refuses one", async () => {
    await using client = connect();
    const updates = new Updates<{ subject: string } | null>();
    client.onUpdate(notes["who"]!, {}, updates.add, updates.fail);
    const foreign = await TokenIssuer.create("https://other.test", "notes");
    client.setAuth(({ forceRefreshToken }) =>
      forceRefreshToken ? issuer.token({}, { subject: "refreshed" }) : foreign.token(),
    );
    await updates.until((who) => who?.subject === "refreshed");
  });

  it("is asked for another token when its token expires while it is connected", async () => {
    await using client = connect();
    const updates = new Updates<{ subject: string } | null>();
    client.onUpdate(notes["who"]!, {}, updates.add, updates.fail);
    let count = 0;
    client.setAuth(() => {
      count += 1;
      // The client refreshes by itself before a token ends, unless the token is too short-lived for that.
      return issuer.token({}, { expiresInS: count === 1 ? 3 : 600, subject: `token ${count}` });
    });
    await updates.until((who) => who?.subject !== undefined && who.subject !== "token 1");
    expect(count).toBeGreaterThan(1);
  });
});

describe("a paginated query", () => {
  it("keeps its end when documents come in before it", async () => {
    await using client = connect();
    const owner = newOwner();
    for (const rank of [1, 2, 3, 4]) await client.mutation(notes["add"]!, { owner, rank });
    type Page = { page: { rank: number }[]; isDone: boolean; continueCursor: string };
    const ranks = (page: Page) => page.page.map(({ rank }) => rank).join();
    const first = new Updates<Page>();
    const opts = { numItems: 2, cursor: null, id: 1 };
    client.onUpdate(notes["page"]!, { owner, paginationOpts: opts }, first.add, first.fail);
    const { continueCursor } = await first.until((page) => ranks(page) === "1,2");
    const second = new Updates<Page>();
    const next = { ...opts, cursor: continueCursor };
    client.onUpdate(notes["page"]!, { owner, paginationOpts: next }, second.add, second.fail);
    await second.until((page) => ranks(page) === "3,4");
    await client.mutation(notes["add"]!, { owner, rank: 1.5 });
    await first.until((page) => ranks(page) === "1,1.5,2");
    expect(ranks(second.newest!)).toBe("3,4");
  });
});
