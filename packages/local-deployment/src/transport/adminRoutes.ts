import { z } from "zod";

import { requireAdmin } from "../authentication/authenticator.ts";
import { badRequest } from "../requestError.ts";
import { functionResponse, requireFormat } from "../wire/functionRequests.ts";
import { LARGEST_PUBLIC_BODY, readJson } from "../wire/jsonBodies.ts";
import { callerOf, jsonText, type App, type AppContext, type Served } from "./context.ts";

const LOG_HOLD_MS = 60_000;

const environmentChanges = z.looseObject({
  changes: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
});

const inlineQueryRequest = z.looseObject({
  bundle: z.looseObject({ source: z.string() }),
  format: z.string().optional(),
  /** As `_system/frontend/components:list` says it. */
  componentId: z.string().default(""),
});

/** The routes that the CLI uses besides pushing. */
export function addAdminRoutes(app: App, { deployment, authenticator }: Served): void {
  const admin = async (context: AppContext) => requireAdmin(await callerOf(context, authenticator));
  for (const prefix of ["/api", "/api/v1"]) {
    app.post(`${prefix}/update_environment_variables`, async (context) => {
      await admin(context);
      const { changes } = await readJson(context.req.raw, environmentChanges, LARGEST_PUBLIC_BODY);
      await deployment.changeEnvironment(changes);
      return context.body(null, 200);
    });
    app.get(`${prefix}/list_environment_variables`, async (context) => {
      await admin(context);
      return context.json({ environmentVariables: deployment.env });
    });
  }
  app.get("/api/v1/get_canonical_urls", async (context) => {
    await admin(context);
    return context.json({
      convexCloudUrl: deployment.cloudUrl,
      convexSiteUrl: deployment.siteUrl,
    });
  });
  app.get("/api/stream_function_logs", async (context) => {
    await admin(context);
    const cursor = Number(context.req.query("cursor") ?? 0);
    if (!Number.isFinite(cursor)) throw badRequest("BadCursor", "cursor must be a number.");
    // The first request only asks where the log ends: it must not wait.
    return context.json(await deployment.log.after(cursor, cursor === 0 ? 0 : LOG_HOLD_MS));
  });
  app.post("/api/run_test_function", async (context) => {
    await admin(context);
    const asked = await readJson(context.req.raw, inlineQueryRequest, LARGEST_PUBLIC_BODY);
    const format = requireFormat(asked.format);
    const { requestId, outcome } = await deployment.inlineQuery({
      component: asked.componentId,
      source: asked.bundle.source,
    });
    return jsonText(context, functionResponse(requestId, outcome, format));
  });
}
