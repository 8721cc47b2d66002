import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ConvexApiClient } from "../api/ConvexApiClient.ts";
import { TOKEN_LIFETIME_MS } from "../testing/FakeBackend.ts";
import { githubActions, googleIdentity, workloadIdentity } from "./workloadIdentity.ts";

describe("a workload's identity", () => {
  let asked: Pick<IncomingMessage, "url" | "headers">[];
  let answer: { status: number; body: string };
  let host: string;
  const server = createServer(({ url, headers }, response) => {
    asked.push({ url: url ?? "", headers });
    response.writeHead(answer.status).end(answer.body);
  });
  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: "identity" };
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const ask = { forceRefresh: true };

  it("comes from Google's metadata server, for the audience", async () => {
    const environment = { GCE_METADATA_HOST: host };
    expect(await googleIdentity({ environment, audience: "a b" })(ask)).toBe("identity");
    expect(asked[0]?.url).toBe(
      "/computeMetadata/v1/instance/service-accounts/default/identity?audience=a%20b",
    );
    expect(asked[0]?.headers["metadata-flavor"]).toBe("Google");
  });

  it("comes from GitHub Actions, for the audience, with the job's own secret", async () => {
    answer.body = JSON.stringify({ value: "identity", count: 1 });
    const environment = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://${host}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job-secret",
    };
    expect(await githubActions({ environment })(ask)).toBe("identity");
    expect(asked[0]?.url).toBe("/token?api-version=2&audience=klipstream");
    expect(asked[0]?.headers.authorization).toBe("Bearer job-secret");
  });

  it("of a job that may have none is refused with the permission that it needs", () => {
    expect(() => githubActions({ environment: {} })).toThrow(/id-token: write/);
  });

  it("that the platform does not give is an error that says who did not", async () => {
    answer.status = 404;
    const environment = { GCE_METADATA_HOST: host };
    await expect(googleIdentity({ environment })(ask)).rejects.toThrow(/metadata server.*404/);
  });

  it("is exchanged by the client, and never sent as a credential", async () => {
    const requests: { path: string; args: unknown; authorization: string | null }[] = [];
    const value = { token: "token-1", lifetimeMs: TOKEN_LIFETIME_MS };
    const api = new ConvexApiClient(
      { url: "https://x.example", tokenSource: workloadIdentity(() => Promise.resolve("id-1")) },
      {
        place: { env: {}, cwd: "/nonexistent" },
        fetch: (_url, init) => {
          const { path, args } = JSON.parse(init?.body as string) as {
            path: string;
            args: [unknown];
          };
          const authorization = new Headers(init?.headers).get("authorization");
          requests.push({ path, args: args[0], authorization });
          const body = JSON.stringify({
            status: "success",
            value: path.startsWith("accessTokens") ? value : null,
          });
          return Promise.resolve(new Response(body));
        },
      },
    );
    await api.getVideoByTwitchId({ twitchId: "1" });
    expect(requests).toEqual([
      {
        path: "accessTokens:exchangeIdentity",
        args: { identityToken: "id-1" },
        authorization: null,
      },
      {
        path: "video:getByTwitchIdPublic",
        args: { twitchId: "1" },
        authorization: "Bearer token-1",
      },
    ]);
  });
});
