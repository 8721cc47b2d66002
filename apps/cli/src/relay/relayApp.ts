import { KlipstreamError } from "@klipstream/client";
import type { HttpBindings } from "@hono/node-server";
import { receivedOf, RequestError } from "@klipstream/local-deployment/wire";
import { convexToJson, type Value } from "convex/values";
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";

import { refuseAccess } from "./access.ts";
import { type Answer, answerOf, failure } from "./answers.ts";
import { type FunctionCall, readCall, readQueryCall } from "./functionCall.ts";
import { READ_FUNCTION, readVideo } from "./readCalls.ts";
import type { Relay } from "./relay.ts";
import { UPDATE_FUNCTIONS } from "./updateCalls.ts";

/** `route`: what a request counts as in the metrics. */
type RelayEnv = { Bindings: HttpBindings; Variables: { route: string } };

const CREATE_FUNCTION = "video:create";
const learnableSchema = z.object({
  status: z.literal("success"),
  value: z.object({ videoId: z.string(), twitchId: z.string().optional() }),
});

/** The relay over HTTP. Every route but the two probes checks access first. */
export function createRelayApp(relay: Relay): Hono<RelayEnv> {
  const app = new Hono<RelayEnv>();
  app.onError((error, context) => {
    if (error instanceof RequestError)
      return send(context, failure(error.status, error.code, error.message));
    // A video cannot be looked up, or there is no token for a call to pass on.
    if (error instanceof KlipstreamError) return send(context, answerOf(error));
    relay.onFault(error);
    return send(context, failure(500, "InternalServerError", "The relay failed; see its log."));
  });
  addProbeRoutes(app, relay);
  app.use(async (context, next) => {
    const startedAt = performance.now();
    context.set("route", "passed on");
    const refused = refuseAccess(context.req.raw.headers, relay.requiredToken);
    if (refused === null) await next();
    else context.res = send(context, refused);
    const request = { route: context.get("route"), httpStatus: context.res.status };
    relay.metrics.observe(request, (performance.now() - startedAt) / 1000);
  });
  app.get("/metrics", async (context) =>
    context.body(await relay.metrics.text(), 200, { "content-type": relay.metrics.contentType }),
  );
  app.post("/api/mutation", async (context) =>
    answerCall(context, relay, await readCall(receivedOf(context), null)),
  );
  app.post("/api/run/:path{.+}", async (context) =>
    answerCall(context, relay, await readCall(receivedOf(context), context.req.param("path"))),
  );
  app.post("/api/query", async (context) =>
    answerQuery(context, relay, await readCall(receivedOf(context), null)),
  );
  app.get("/api/query", (context) =>
    answerQuery(context, relay, readQueryCall(new URL(context.req.url))),
  );
  app.all("*", (context) => passOn(context, relay));
  return app;
}

/** For whoever watches over the process. They say nothing of videos, so they are open to all who can reach the port. */
function addProbeRoutes(app: Hono<RelayEnv>, { notReady }: Relay): void {
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => {
    const why = notReady();
    return why === null ? context.text("ok\n") : context.text(`${why}\n`, 503);
  });
}

async function answerCall(
  context: Context<RelayEnv>,
  relay: Relay,
  call: FunctionCall<string>,
): Promise<Response> {
  const { path, args, body } = call;
  if (path === CREATE_FUNCTION)
    return learnFrom(await passOn(context, relay, { body }), relay, args["twitchId"]);
  const update = UPDATE_FUNCTIONS.get(path);
  if (update === undefined) return answerQuery(context, relay, call);
  context.set("route", path);
  const idempotencyKey = context.req.header("idempotency-key");
  const answer = await update({ relay, args, idempotencyKey });
  if ("httpStatus" in answer) return send(context, answer);
  // Whoever updates a video does not wait for a backend that is silent.
  const how = { body: withArgs(body, answer.args), answerMaxMs: relay.waitMs };
  return learnFrom(await passOn(context, relay, how), relay);
}

/** A query changes nothing, whatever function it names: that one is the backend's to refuse. */
async function answerQuery(
  context: Context<RelayEnv>,
  relay: Relay,
  { path, args, body }: FunctionCall,
): Promise<Response> {
  if (path !== READ_FUNCTION) return passOn(context, relay, { body });
  context.set("route", path);
  return send(context, await readVideo(relay, args));
}

function withArgs(body: string, args: FunctionCall["args"]): string {
  return JSON.stringify({ ...(JSON.parse(body) as object), args: convexToJson(args) });
}

/** Keeps which video the `_id` in an answer belongs to, for updates by it while the backend is away. */
async function learnFrom(response: Response, relay: Relay, asked?: Value): Promise<Response> {
  const answer = learnableSchema.safeParse(await jsonOf(response.clone()));
  if (!answer.success) return response;
  const { videoId, twitchId = asked } = answer.data.value;
  if (typeof twitchId === "string") relay.manager.learnVideoId(videoId, twitchId);
  return response;
}

/** The body, or undefined for one that is no JSON: then there is nothing to learn from it. */
function jsonOf(response: Response): Promise<unknown> {
  return response.json().catch(() => undefined);
}

async function passOn(
  context: Context<RelayEnv>,
  { passThrough, manager, requiredToken }: Relay,
  how: { body?: string | undefined; answerMaxMs?: number } = {},
): Promise<Response> {
  const { raw: request } = context.req;
  const headers = new Headers(request.headers);
  // The relay's own token is for the relay alone.
  if (requiredToken !== null) headers.delete("authorization");
  const token = headers.has("authorization") ? null : await manager.accessToken();
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  return passThrough.request(request, { headers, ...how });
}

function send(context: Context<RelayEnv>, { httpStatus, body, headers }: Answer): Response {
  return context.json(body as object, httpStatus as ContentfulStatusCode, headers);
}
