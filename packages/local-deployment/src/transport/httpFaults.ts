import { setTimeout as delay } from "node:timers/promises";

import type { MiddlewareHandler } from "hono";

import { canonicalFunctionPath, displayFunctionPath } from "../engine/functionPaths.ts";
import type { AppContext, AppEnv } from "./context.ts";
import type { Fault, Faults } from "./faults.ts";

const RUN = /^\/api\/run\/(.+)\/([^/]+)$/;

/** Lets requests meet the scripted faults. */
export function injectFaults(faults: Faults): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    if (faults.isEmpty) {
      await next();
      return;
    }
    const fault = faults.take({ path: context.req.path, function: await functionOf(context) });
    if (fault === null) await next();
    else return await meet(context, fault, next);
  };
}

async function meet(
  context: AppContext,
  fault: Fault,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const { socket } = context.env.incoming;
  if ("status" in fault)
    return new Response(fault.body ?? null, {
      status: fault.status,
      headers: fault.headers ?? {},
    });
  if ("delayMs" in fault) await delay(fault.delayMs);
  if ("hang" in fault) await new Promise((resolve) => socket.once("close", resolve));
  if ("cut" in fault && fault.cut === "beforeCommit") socket.destroy();
  if (socket.destroyed) return new Response(null);
  await next();
  if ("cut" in fault) socket.destroy();
  return undefined;
}

/** The function that a request calls, as far as it can be told; the body stays readable. */
async function functionOf(context: AppContext): Promise<string | null> {
  const { path, method } = context.req;
  const [, module, name] = RUN.exec(path) ?? [];
  if (module !== undefined && name !== undefined) return `${module}:${name}`;
  if (method !== "POST" || !path.startsWith("/api/")) return null;
  try {
    const body = (await context.req.raw.clone().json()) as { path?: unknown } | null;
    if (typeof body?.path !== "string") return null;
    return displayFunctionPath(canonicalFunctionPath(body.path));
  } catch {
    // Not JSON, or no path of a function: the route will say so.
    return null;
  }
}
