import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProjectRun } from "./temporaryProject.ts";
import { Updates } from "./updates.ts";

const FILES = `
import { action, mutation, query } from "./_generated/server";
import { v } from "convex/values";

export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
export const url = query({ args: { id: v.string() }, handler: (ctx, { id }) => ctx.storage.getUrl(id) });
export const metadata = query({ args: { id: v.string() }, handler: (ctx, { id }) => ctx.storage.getMetadata(id as any) });
export const remove = mutation({ args: { id: v.string() }, handler: (ctx, { id }) => ctx.storage.delete(id as any) });
export const list = query({ args: {}, handler: (ctx) => ctx.db.system.query("_storage").collect() });
export const get = query({ args: { id: v.id("_storage") }, handler: (ctx, { id }) => ctx.db.system.get(id) });
export const note = mutation({ args: {}, handler: (ctx) => ctx.db.insert("notes" as any, {}) });
export const removeThenThrow = mutation({
  args: { id: v.id("_storage") },
  handler: async (ctx, { id }) => { await ctx.storage.delete(id); throw new Error("on purpose"); },
});
export const store = action({
  args: { text: v.string(), type: v.string(), sha256: v.optional(v.string()) },
  handler: (ctx, { text, type, sha256 }) =>
    ctx.storage.store(new Blob([text], { type }), sha256 === undefined ? undefined : { sha256 }),
});
export const read = action({
  args: { id: v.string() },
  handler: async (ctx, { id }) => {
    const blob = await ctx.storage.get(id);
    return blob && { text: await blob.text(), type: blob.type };
  },
});
`;

const HTTP = `
import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
const http = httpRouter();
http.route({ path: "/files", method: "POST", handler: httpAction(async (ctx, request) =>
  Response.json({ id: await ctx.storage.store(await request.blob()) })) });
http.route({ path: "/files", method: "GET", handler: httpAction(async (ctx, request) => {
  const blob = await ctx.storage.get(new URL(request.url).searchParams.get("id")!);
  return blob === null ? new Response("gone", { status: 404 }) : new Response(blob);
}) });
export default http;
`;

const { files } = anyApi;

let dataFolder: string;
let run: ProjectRun;
let client: ConvexHttpClient;
beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "convex-data-"));
  run = await ProjectRun.deployed(
    { "convex/files.ts": FILES, "convex/http.ts": HTTP },
    { dataFolder },
  );
  client = new ConvexHttpClient(run.url, { logger: false });
});
afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(dataFolder, { recursive: true, force: true });
});

const sha256 = (text: string, encoding: "base64" | "hex") =>
  createHash("sha256").update(text).digest(encoding);

async function upload(text: string, headers: Record<string, string> = {}): Promise<Response> {
  const url = (await client.mutation(files!.uploadUrl!, {})) as string;
  return await fetch(url, { method: "POST", body: text, headers });
}

async function uploaded(text: string, type = "text/plain"): Promise<string> {
  const response = await upload(text, { "content-type": type });
  return ((await response.json()) as { storageId: string }).storageId;
}

const urlOf = async (id: string) => (await client.query(files!.url!, { id })) as string;

describe("an uploaded file", () => {
  it("is downloaded as it was sent, with its type, and may be kept by caches", async () => {
    const response = await fetch(await urlOf(await uploaded("some text")));
    expect(await response.text()).toBe("some text");
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(response.headers.get("content-length")).toBe("9");
    expect(response.headers.get("cache-control")).toBe("private, max-age=2592000");
    expect(response.headers.get("digest")).toBe(`sha-256=${sha256("some text", "base64")}`);
  });

  it("is a document of _storage, in which nothing of the deployment's own shows", async () => {
    const id = await uploaded("document");
    const document = (await client.query(files!.get!, { id })) as Record<string, unknown>;
    expect(document).toEqual({
      _id: id,
      _creationTime: expect.any(Number) as number,
      size: 8,
      sha256: sha256("document", "base64"),
      contentType: "text/plain",
    });
    const all = (await client.query(files!.list!, {})) as unknown[];
    expect(all).toContainEqual(document);
    const { stdout } = await run.convex("data", "_storage");
    expect(stdout).toContain(id);
    expect(stdout).not.toContain("_internal");
  });

  it("has metadata, by the id of its document or by the one in its URL", async () => {
    const id = await uploaded("metadata");
    const metadata = (await client.query(files!.metadata!, { id })) as { storageId: string };
    const storageId = new URL(await urlOf(id)).pathname.split("/").at(-1);
    expect(metadata).toEqual({
      storageId,
      size: 8,
      sha256: sha256("metadata", "hex"),
      contentType: "text/plain",
    });
    expect(await client.query(files!.metadata!, { id: storageId })).toEqual(metadata);
    expect(await urlOf(storageId!)).toBe(await urlOf(id));
  });

  it("may be empty", async () => {
    const response = await fetch(await urlOf(await uploaded("")), {
      headers: { range: "bytes=0-0" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("0");
  });

  it.each([
    { range: "bytes=2-4", status: 206, text: "234", contentRange: "bytes 2-4/10" },
    { range: "bytes=7-", status: 206, text: "789", contentRange: "bytes 7-9/10" },
    { range: "bytes=-2", status: 206, text: "89", contentRange: "bytes 8-9/10" },
    { range: "bytes=8-100", status: 206, text: "89", contentRange: "bytes 8-9/10" },
    { range: "bytes=10-", status: 416, text: "", contentRange: null },
    { range: "bytes=0-1,3-4", status: 416, text: "", contentRange: null },
  ])("is sent in part for Range: $range", async ({ range, status, text, contentRange }) => {
    const url = await urlOf(await uploaded("0123456789"));
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(text);
    expect(response.headers.get("content-range")).toBe(contentRange);
  });

  it("is gone once it is deleted, and its URL is not found", async () => {
    const id = await uploaded("short-lived");
    const url = await urlOf(id);
    await client.mutation(files!.remove!, { id });
    expect(await client.query(files!.url!, { id })).toBeNull();
    expect(await client.query(files!.metadata!, { id })).toBeNull();
    const response = await fetch(url);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "FileNotFound" });
    await expect(client.mutation(files!.remove!, { id })).rejects.toThrow(
      `Uncaught Error: storage id ${id} not found`,
    );
  });

  it("stays if the transaction that deletes it fails", async () => {
    const id = await uploaded("stays");
    await expect(client.mutation(files!.removeThenThrow!, { id })).rejects.toThrow("on purpose");
    expect(await (await fetch(await urlOf(id))).text()).toBe("stays");
  });

  it("updates a subscription to its URL when it is deleted", async () => {
    const id = await uploaded("watched");
    const updates = new Updates<string | null>();
    const live = new ConvexClient(run.url);
    try {
      live.onUpdate(files!.url!, { id }, updates.add, updates.fail);
      await updates.until((url) => url !== null);
      await client.mutation(files!.remove!, { id });
      await updates.until((url) => url === null);
    } finally {
      await live.close();
    }
  });
});

describe("an upload", () => {
  it("is refused if its content is not what its Digest says", async () => {
    const digest = `sha-256=${sha256("this", "base64")}`;
    expect((await upload("this", { digest })).status).toBe(200);
    const refused = await upload("that", { digest });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: "Sha256Mismatch" });
  });

  it("refuses a file of more than 1 GiB before it is sent", async () => {
    const url = (await client.mutation(files!["uploadUrl"]!, {})) as string;
    const headers = { "content-length": 1024 ** 3 + 1 };
    const upload = request(url, { method: "POST", headers });
    upload.flushHeaders();
    const [answer] = (await once(upload, "response")) as [IncomingMessage];
    upload.destroy();
    expect(answer.statusCode).toBe(400);
  });

  it("is refused without a token of this deployment", async () => {
    const url = `${run.url}/api/storage/upload?token=coffee`;
    const refused = await fetch(url, { method: "POST", body: "x" });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: "StorageTokenInvalid" });
  });
});

describe("a function", () => {
  it("stores and reads files in actions", async () => {
    const id = (await client.action(files!.store!, {
      text: "by action",
      type: "text/css",
    })) as string;
    expect(await client.action(files!.read!, { id })).toEqual({
      text: "by action",
      type: "text/css",
    });
    expect((await fetch(await urlOf(id))).headers.get("content-type")).toBe("text/css");
  });

  it("stores and sends files in HTTP actions", async () => {
    const { siteUrl } = run.deployment;
    const stored = await fetch(`${siteUrl}/files`, { method: "POST", body: "by HTTP" });
    const { id } = (await stored.json()) as { id: string };
    expect(await (await fetch(`${siteUrl}/files?id=${id}`)).text()).toBe("by HTTP");
    await client.mutation(files!.remove!, { id });
    expect((await fetch(`${siteUrl}/files?id=${id}`)).status).toBe(404);
  });

  it("is told that what it stores has another hash than it says", async () => {
    const args = { text: "a", type: "", sha256: sha256("b", "hex") };
    await expect(client.action(files!.store!, args)).rejects.toThrow("Sha256 mismatch");
    expect(await client.action(files!.store!, { ...args, sha256: sha256("a", "hex") })).toMatch(
      /_storage$/,
    );
  });

  it("is told of an id that cannot be a file's", async () => {
    await expect(client.query(files!.url!, { id: "nonsense" })).rejects.toThrow(
      'Invalid argument `storageId` for `storage.getUrl`: Invalid storage ID: "nonsense"',
    );
    const note = (await client.mutation(files!.note!, {})) as string;
    await expect(client.query(files!.url!, { id: note })).rejects.toThrow(
      "cannot be an ID on any table other than '_storage'",
    );
  });
});

it("files stay over a restart, and nothing of a deleted one is left", async () => {
  const [kept, deleted] = [await uploaded("kept"), await uploaded("deleted")];
  const blobOf = async (id: string) => new URL(await urlOf(id)).pathname.split("/").at(-1);
  const [keptBlob, deletedBlob] = [await blobOf(kept), await blobOf(deleted)];
  await run.restart({ dataFolder });
  client = new ConvexHttpClient(run.url, { logger: false });
  expect(await blobOf(kept)).toBe(keptBlob);
  expect(await (await fetch(await urlOf(kept))).text()).toBe("kept");
  await client.mutation(files!.remove!, { id: deleted });
  await run.restart({ dataFolder });
  client = new ConvexHttpClient(run.url, { logger: false });
  const contents = await readdir(join(dataFolder, "files"));
  expect(contents).toContain(keptBlob);
  expect(contents).not.toContain(deletedBlob);
});
