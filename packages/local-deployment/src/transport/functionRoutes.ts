import { requireAdmin } from "../authentication/authenticator.ts";
import type { FunctionCall, FunctionKind } from "../engine/callsAndOutcomes.ts";
import { canonicalFunctionPath } from "../engine/functionPaths.ts";
import { badRequest } from "../requestError.ts";
import {
  argumentObject,
  functionRequest,
  functionResponse,
  queryAtRequest,
  queryBatchRequest,
  requireFormat,
  runRequest,
} from "../wire/functionRequests.ts";
import { LARGEST_PUBLIC_BODY, parseJson, readJson, receivedOf } from "../wire/jsonBodies.ts";
import { decodeTimestamp, encodeTimestamp } from "../wire/timestamps.ts";
import { callerOf, jsonText, type App, type AppContext, type Served } from "./context.ts";

const KINDS: FunctionKind[] = ["query", "mutation", "action"];

type Asked = {
  componentPath?: string | null | undefined;
  path: string;
  args: Parameters<typeof argumentObject>[0];
  format?: string | null | undefined;
};

/** The routes that run functions. */
export function addFunctionRoutes(app: App, served: Served): void {
  for (const kind of KINDS)
    app.post(`/api/${kind}`, async (context) => {
      const asked = await readJson(receivedOf(context), functionRequest, LARGEST_PUBLIC_BODY);
      return jsonText(context, await answer(context, served, { kind, asked }));
    });
  app.get("/api/query", async (context) => {
    const asked = queryFromUrl(context);
    return jsonText(context, await answer(context, served, { kind: "query", asked }));
  });
  app.post("/api/function", async (context) => {
    const asked = await readJson(receivedOf(context), functionRequest, LARGEST_PUBLIC_BODY);
    requireAdmin(await callerOf(context, served.authenticator));
    return jsonText(context, await answer(context, served, { kind: "any", asked }));
  });
  app.post("/api/run/:path{.+}", async (context) => {
    const body = await readJson(receivedOf(context), runRequest, LARGEST_PUBLIC_BODY);
    const segments = context.req.param("path").split("/");
    if (segments.length < 2)
      throw badRequest("MissingIdentifier", "Use /api/run/<module>/<function>.");
    const path = `${segments.slice(0, -1).join("/")}:${segments.at(-1) ?? ""}`;
    const asked = { ...body, path };
    return jsonText(context, await answer(context, served, { kind: "any", asked }));
  });
  addSnapshotRoutes(app, served);
}

function addSnapshotRoutes(app: App, served: Served): void {
  const { documents } = served.deployment;
  app.post("/api/query_ts", (context) => context.json({ ts: encodeTimestamp(documents.ts) }));
  app.post("/api/query_at_ts", async (context) => {
    const asked = await readJson(receivedOf(context), queryAtRequest, LARGEST_PUBLIC_BODY);
    const atTs = decodeTimestamp(asked.ts);
    if (atTs === null)
      throw badRequest("BadTimestamp", "ts is not a timestamp of this deployment.");
    return jsonText(context, await answer(context, served, { kind: "query", asked, atTs }));
  });
  app.post("/api/query_batch", async (context) => {
    const { queries } = await readJson(receivedOf(context), queryBatchRequest, LARGEST_PUBLIC_BODY);
    const results = await Promise.all(
      queries.map((asked) => answer(context, served, { kind: "query", asked })),
    );
    return jsonText(context, `{"results":[${results.join(",")}]}`);
  });
}

async function answer(
  context: AppContext,
  { deployment, authenticator }: Served,
  { kind, asked, atTs = null }: { kind: FunctionCall["kind"]; asked: Asked; atTs?: bigint | null },
): Promise<string> {
  const format = requireFormat(asked.format);
  const caller = await callerOf(context, authenticator);
  const call: FunctionCall = {
    kind,
    component: asked.componentPath ?? "",
    path: canonicalFunctionPath(asked.path),
    args: JSON.stringify(argumentObject(asked.args)),
    caller,
    ip: context.env.incoming.socket.remoteAddress ?? null,
    userAgent: context.env.incoming.headers["user-agent"] ?? null,
  };
  const { requestId, outcome } = await deployment.call(call, atTs);
  return functionResponse(requestId, outcome, format);
}

function queryFromUrl(context: AppContext): Asked {
  const { path, args = "{}", format } = context.req.query();
  if (path === undefined) throw badRequest("MissingIdentifier", "The parameter path is missing.");
  try {
    const parsed = parseJson(args);
    return functionRequest.parse({ path, args: parsed, format });
  } catch {
    throw badRequest("BadQueryArgs", "The parameter args is not a JSON object.");
  }
}
