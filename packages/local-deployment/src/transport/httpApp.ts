import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { ContentfulStatusCode } from "hono/utils/http-status";

import { RequestError } from "../requestError.ts";
import { addAdminRoutes } from "./adminRoutes.ts";
import type { App, AppEnv, Served } from "./context.ts";
import type { Faults } from "./faults.ts";
import { addFunctionRoutes } from "./functionRoutes.ts";
import { addHttpActionRoutes } from "./httpActionRoutes.ts";
import { injectFaults } from "./httpFaults.ts";
import { addPushRoutes } from "./pushRoutes.ts";
import { addSnapshotRoutes } from "./snapshotRoutes.ts";
import { addStorageRoutes } from "./storageRoutes.ts";

const CORS_MAX_AGE_S = 86_400;

/** The deployment over HTTP. */
export function createApp(served: Served, faults: Faults): App {
  const app = new Hono<AppEnv>();
  app.onError((error, context) => {
    if (error instanceof RequestError) {
      const { status, code, message } = error;
      return context.json({ code, message }, status as ContentfulStatusCode);
    }
    const message = "Your request couldn't be completed. Try again later.";
    served.deployment.emit("fault", error);
    return context.json({ code: "InternalServerError", message }, 500);
  });
  app.notFound((context) => context.body(null, 404));
  app.use("*", injectFaults(faults));
  const allowOrigins: MiddlewareHandler<AppEnv> = cors({
    origin: (origin) => origin,
    credentials: true,
    allowMethods: ["GET", "POST", "OPTIONS", "PATCH", "DELETE", "PUT"],
    maxAge: CORS_MAX_AGE_S,
  });
  // Only browsers ask, and what a header costs each answer of the others adds up.
  const crossOrigin: MiddlewareHandler<AppEnv> = async (context, next) => {
    if (context.env.incoming.headers.origin === undefined) await next();
    else return await allowOrigins(context, next);
  };
  // HTTP actions answer for their own CORS.
  for (const path of ["/api/*", "/version", "/echo"]) app.use(path, crossOrigin);
  app.get("/", (context) => context.text("This Convex deployment is running."));
  app.get("/version", (context) => context.text("unknown"));
  app.get("/instance_version", (context) => context.text("unknown"));
  app.get("/instance_name", (context) => context.text("local-deployment"));
  app.post("/echo", async (context) => context.body(await context.req.arrayBuffer()));
  addFunctionRoutes(app, served);
  addPushRoutes(app, served);
  addAdminRoutes(app, served);
  addStorageRoutes(app, served);
  addSnapshotRoutes(app, served);
  addHttpActionRoutes(app, served);
  return app;
}
