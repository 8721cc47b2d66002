import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";

import type { Authenticator } from "../authentication/authenticator.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { Caller } from "../engine/callsAndOutcomes.ts";

export type AppEnv = { Bindings: HttpBindings };
export type AppContext = Context<AppEnv>;
export type App = Hono<AppEnv>;

/** What the routes serve. */
export type Served = { deployment: Deployment; authenticator: Authenticator };

/** The verified sender of a request. */
export async function callerOf(context: AppContext, authenticator: Authenticator): Promise<Caller> {
  const adminKey = context.req.query("adminKey");
  const header = context.env.incoming.headers.authorization ?? null;
  if (header === null && adminKey !== undefined) return authenticator.fromAdminKey(adminKey);
  return (await authenticator.fromHeader(header)).caller;
}

/** Answers with text that is JSON already. */
export function jsonText(context: AppContext, text: string): Response {
  return context.body(text, 200, { "content-type": "application/json" });
}
