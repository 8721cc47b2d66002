/** What a caller in any language sees: JSON over HTTP, as `curl` would send it, and nothing of our client. */
import { ISSUER } from "@klipstream/bench/startBackend";
import { ARTIFACT_URL_FIELDS, VIDEO_STATUSES } from "@klipstream/contract";
import { runConvexCli } from "@klipstream/local-deployment";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startTestedBackend, type TestedDeployment } from "./testedDeployment.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const TITLE = "plain HTTP";

type Answer = {
  httpStatus: number;
  status: "success" | "error";
  value: unknown;
  errorMessage?: string;
  errorData?: { code: string; message: string };
};
type Video = { _id: string; status: string } & Record<string, unknown>;

let deployment: TestedDeployment;
let token: string;
let lastTwitchId = 500;

beforeAll(async () => {
  ({ deployment, token } = await startTestedBackend());
}, 180_000);
afterAll(() => deployment.close());

/** Runs the real `convex` CLI against the deployment. */
async function convex(...args: string[]): Promise<void> {
  const { url, adminKey } = deployment;
  const result = await runConvexCli(args, { url, adminKey, cwd: PROJECT });
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
}

async function post(
  route: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await fetch(deployment.url + route, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return {
    httpStatus: response.status,
    ...((await response.json()) as Omit<Answer, "httpStatus">),
  };
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${token}` });

const query = (path: string, args: unknown, headers = bearer()): Promise<Answer> =>
  post("/api/query", { path, args, format: "json" }, headers);

const mutate = (path: string, args: unknown, headers = bearer()): Promise<Answer> =>
  post("/api/mutation", { path, args, format: "json" }, headers);

/** A new video, and its Twitch ID. */
async function newVideo(): Promise<string> {
  lastTwitchId += 1;
  const twitchId = String(lastTwitchId);
  const answer = await mutate("video:create", { twitchId, title: TITLE });
  expect(answer).toMatchObject({ status: "success", value: { created: true } });
  return twitchId;
}

async function read(twitchId: string): Promise<Video> {
  const answer = await query("video:getByTwitchIdPublic", { twitchId }, {});
  return answer.value as Video;
}

async function history(twitchId: string): Promise<Record<string, unknown>[]> {
  const paginationOpts = { numItems: 50, cursor: null };
  const answer = await query("video:history", { twitchId, paginationOpts });
  return (answer.value as { page: Record<string, unknown>[] }).page;
}

describe("the plain HTTP API", () => {
  it("with a token a status is updated, and anyone can read it back", async () => {
    const twitchId = await newVideo();
    const args = { twitchId, status: "Downloading" };
    expect(await mutate("video:updateStatusByTwitchId", args)).toMatchObject({
      httpStatus: 200,
      status: "success",
      value: { success: true, twitchId, status: "Downloading", outcome: "applied" },
    });
    expect(await read(twitchId)).toMatchObject({ twitchId, title: TITLE, status: "Downloading" });
  });

  it("the address of a function may stand in the path", async () => {
    const twitchId = await newVideo();
    const args = { twitchId, status: "Analyzing" };
    const body = { args, format: "json" };
    await post("/api/run/video/updateStatusByTwitchId", body, bearer());
    expect(await read(twitchId)).toMatchObject({ status: "Analyzing" });
  });

  it("without a token every write is refused, and nothing is changed", async () => {
    const twitchId = await newVideo();
    const before = await read(twitchId);
    const events = await history(twitchId);
    const writes = {
      "video:updateStatus": { id: before._id, status: "Failed" },
      "video:updateStatusByTwitchId": { twitchId, status: "Failed" },
      "video:updateUrls": { twitchId, urls: { chatUrl: "https://example.com/chat" } },
      "video:recordUpdates": { updates: [{ twitchId, status: "Failed" }] },
      "video:rollbackStatus": { twitchId },
      "video:reportProgress": { twitchId, percent: 1 },
      "video:create": { twitchId: "499" },
      "video:removeScratch": { twitchId: "0499" },
    };
    for (const [path, args] of Object.entries(writes)) {
      const answer = await mutate(path, args, {});
      expect(answer, path).toMatchObject({
        status: "error",
        errorData: { code: "UNAUTHENTICATED" },
      });
    }
    expect(await read(twitchId)).toEqual(before);
    expect(await history(twitchId)).toEqual(events);
    expect(await read("499")).toBeNull();
  });

  it("a token that the deployment does not know is refused with 401", async () => {
    const twitchId = await newVideo();
    const [head, , signature] = token.split(".");
    const claims = Buffer.from(JSON.stringify({ iss: ISSUER, aud: "klipstream", sub: "x" }));
    const forged = `${head!}.${claims.toString("base64url")}.${signature!}`;
    const args = { twitchId, status: "Failed" };
    const headers = { authorization: `Bearer ${forged}` };
    const answer = await mutate("video:updateStatusByTwitchId", args, headers);
    expect(answer.httpStatus).toBe(401);
    expect(await read(twitchId)).toMatchObject({ status: "Queued" });
  });

  it("with ALLOW_ANONYMOUS_PIPELINES=true a caller without a token is accepted as anonymous", async () => {
    const twitchId = await newVideo();
    const args = { twitchId, status: "Transcribing" };
    await convex("env", "set", "ALLOW_ANONYMOUS_PIPELINES", "true");
    try {
      const answer = await mutate("video:updateStatusByTwitchId", args, {});
      expect(answer).toMatchObject({ status: "success", value: { outcome: "applied" } });
      expect((await history(twitchId))[0]).toMatchObject({
        kind: "updated",
        to: "Transcribing",
        actor: "anonymous",
      });
    } finally {
      await convex("env", "remove", "ALLOW_ANONYMOUS_PIPELINES");
    }
    const answer = await mutate("video:updateStatusByTwitchId", args, {});
    expect(answer).toMatchObject({ status: "error", errorData: { code: "UNAUTHENTICATED" } });
  });

  it("each of the eight statuses is accepted exactly as it is spelt", async () => {
    const twitchId = await newVideo();
    const spelt = [
      "Queued",
      "Downloading",
      "Fetching chat",
      "Transcribing",
      "Analyzing",
      "Finding highlights",
      "Completed",
      "Failed",
    ];
    expect([...VIDEO_STATUSES]).toEqual(spelt);
    for (const status of spelt) {
      const answer = await mutate("video:updateStatusByTwitchId", { twitchId, status });
      expect(answer, status).toMatchObject({ status: "success" });
      expect(await read(twitchId)).toMatchObject({ status });
    }
  });

  it.each(["banana", "queued", "Fetching Chat", " Failed", ""])(
    "the status %j is refused with a message that lists the eight",
    async (status) => {
      const twitchId = await newVideo();
      const answer = await mutate("video:updateStatusByTwitchId", { twitchId, status });
      expect(answer).toMatchObject({ status: "error", errorData: { code: "INVALID_ARGUMENT" } });
      for (const known of VIDEO_STATUSES) expect(answer.errorData?.message).toContain(known);
      expect(answer.errorData?.message).toContain(JSON.stringify(status));
      expect(await read(twitchId)).toMatchObject({ status: "Queued" });
    },
  );

  it("a caller that knows only the four first functions can do its whole job", async () => {
    const twitchId = await newVideo();
    const { _id } = await read(twitchId);
    const urlOf = (field: string): string => `https://storage.example.com/${twitchId}/${field}`;

    for (const status of ["Downloading", "Fetching chat", "Transcribing"])
      await mutate("video:updateStatus", { id: _id, status });
    for (const field of ARTIFACT_URL_FIELDS)
      await mutate("video:updateUrls", { twitchId, urls: { [field]: urlOf(field) } });
    for (const status of ["Analyzing", "Finding highlights", "Completed"])
      await mutate("video:updateStatusByTwitchId", { twitchId, status });

    expect(await read(twitchId)).toMatchObject({
      status: "Completed",
      ...Object.fromEntries(ARTIFACT_URL_FIELDS.map((field) => [field, urlOf(field)])),
    });
  });

  it("an unknown video, ID or argument is refused with a code that a program can read", async () => {
    const unknown = { twitchId: "404404", status: "Queued" };
    expect(await mutate("video:updateStatusByTwitchId", unknown)).toMatchObject({
      errorData: { code: "VIDEO_NOT_FOUND" },
    });
    const malformed = { twitchId: "v123", status: "Queued" };
    expect(await mutate("video:updateStatusByTwitchId", malformed)).toMatchObject({
      errorData: { code: "INVALID_ARGUMENT" },
    });
    expect(await read("404404")).toBeNull();
  });
});
