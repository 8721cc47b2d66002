import { RequestError, serverError } from "../wire/requestError.ts";
import { readBody } from "../wire/jsonBodies.ts";
import { ANONYMOUS, type Caller } from "../engine/messages.ts";
import { callerOf, type App, type AppContext, type Served } from "./context.ts";

const LARGEST_BODY = 20 * 1024 * 1024;
export const HTTP_ACTIONS_PATH = "/http";

/** The project's own HTTP actions, below `/http`. */
export function addHttpActionRoutes(app: App, { deployment, authenticator }: Served): void {
  app.all(`${HTTP_ACTIONS_PATH}/*`, async (context) => {
    const { method, url } = context.req;
    const { pathname, search } = new URL(url);
    const body = await readBody(context.req.raw, LARGEST_BODY);
    const { requestId, outcome } = await deployment.httpAction({
      method,
      url,
      path: pathname.slice(HTTP_ACTIONS_PATH.length) + search,
      headers: [...context.req.raw.headers],
      body: body.length > 0 && method !== "GET" && method !== "HEAD" ? toArrayBuffer(body) : null,
      caller: await userOrAnonymous(context),
    });
    if (outcome.ok) {
      const { status, headers } = outcome;
      const content = status === 204 || status === 304 ? null : outcome.body;
      return new Response(content, { status, headers });
    }
    const message = serverError(requestId, outcome);
    return context.json({ code: "InternalServerError", message }, 500);
  });

  // The header may be the action's own business: a token that is not for Convex is no error.
  async function userOrAnonymous(context: AppContext): Promise<Caller> {
    try {
      return await callerOf(context, authenticator);
    } catch (error) {
      if (error instanceof RequestError) return ANONYMOUS;
      throw error;
    }
  }
}

function toArrayBuffer(buffer: Buffer): ArrayBuffer {
  return Uint8Array.from(buffer).buffer;
}
