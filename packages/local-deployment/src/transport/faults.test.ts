import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { NOTES_PROJECT } from "../tests/notesProject.ts";
import { ProjectRun } from "../tests/temporaryProject.ts";
import { Faults } from "./faults.ts";

describe("the first rule that matches and is not used up is taken", () => {
  const mutation = { path: "/api/mutation", function: "notes:add" };

  it("by path, function and count", () => {
    const faults = new Faults([
      { status: 500, path: "/api/query" },
      { status: 501, function: "notes:list" },
      { status: 502, times: 1 },
      { status: 503, path: /mutation$/, function: /^notes:/, skip: 1, times: 1 },
    ]);
    const statuses = Array.from({ length: 4 }, () => faults.take(mutation));
    expect(
      statuses.map((fault) => (fault !== null && "status" in fault ? fault.status : null)),
    ).toEqual([502, null, 503, null]);
    expect(faults.hits).toBe(2);
  });

  it("and on an open WebSocket only a rule that names a function", () => {
    const faults = new Faults([{ hang: true }]);
    expect(faults.take({ ...mutation, isMessage: true })).toBeNull();
    faults.set([{ hang: true, function: "notes:add" }]);
    expect(faults.take({ ...mutation, isMessage: true })).not.toBeNull();
  });
});

describe("over HTTP", () => {
  let run: ProjectRun;
  beforeAll(async () => {
    run = await ProjectRun.deployed(NOTES_PROJECT);
  });
  afterAll(() => run[Symbol.asyncDispose]());
  beforeEach(() => run.deployment.faults.clear());

  const add = (owner: string) =>
    run.post("/api/mutation", { path: "notes:add", args: { owner, rank: 1 } });
  async function stored(owner: string): Promise<number> {
    run.deployment.faults.clear();
    const { body } = await run.post("/api/query", { path: "notes:ranks", args: { owner } });
    return (body as { value: number[] }).value.length;
  }

  it("a status is answered with its headers and body, and nothing is done", async () => {
    run.deployment.faults.set([{ status: 503, headers: { "retry-after": "7" }, body: "{}" }]);
    const response = await fetch(`${run.url}/api/mutation`, { method: "POST" });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await add("status")).toMatchObject({ status: 503 });
    expect(await stored("status")).toBe(0);
  });

  it.each([
    ["beforeCommit", 0],
    ["afterCommit", 1],
  ] as const)("a cut %s leaves %i documents, and no answer", async (cut, count) => {
    run.deployment.faults.set([{ cut, function: "notes:add" }]);
    await expect(add(cut)).rejects.toThrow();
    expect(await stored(cut)).toBe(count);
  });

  it("a hanging request is never answered, and does nothing", async () => {
    run.deployment.faults.set([{ hang: true, times: 1 }]);
    const abort = new AbortController();
    const hanging = fetch(`${run.url}/api/mutation`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path: "notes:add", args: { owner: "hang", rank: 1 } }),
      signal: abort.signal,
    });
    // The next request is answered while the first one hangs.
    await expect.poll(() => run.deployment.faults.hits).toBeGreaterThan(0);
    expect((await add("next")).status).toBe(200);
    abort.abort();
    await expect(hanging).rejects.toThrow();
    expect(await stored("hang")).toBe(0);
  });

  it("a delayed request is served after the delay", async () => {
    run.deployment.faults.set([{ delayMs: 20 }]);
    expect((await add("delay")).status).toBe(200);
  });

  it("a deployment that is cut off refuses connections, and has its data when it is back", async () => {
    await add("kept");
    await run.deployment.disconnect();
    await expect(fetch(run.url)).rejects.toThrow();
    await run.deployment.reconnect();
    expect(await stored("kept")).toBe(1);
  });
});
