import { httpActionError } from "../deployment/requestIds.ts";
import { ANONYMOUS, type HttpActionRequest } from "../engine/callsAndOutcomes.ts";
import { RequestError } from "../requestError.ts";
import { readBody } from "../wire/jsonBodies.ts";
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
      ...(await senderOf(context)),
    });
    if (outcome.ok) {
      const { status, headers } = outcome;
      const content = status === 204 || status === 304 ? null : outcome.body;
      return new Response(content, { status, headers });
    }
    return context.json(httpActionError(requestId, outcome), 500);
  });

  // The header may be the action's own business: it is an error only for an action that asks who sends it.
  async function senderOf(
    context: AppContext,
  ): Promise<Pick<HttpActionRequest, "caller" | "tokenProblem">> {
    try {
      return { caller: await callerOf(context, authenticator), tokenProblem: null };
    } catch (error) {
      if (error instanceof RequestError) return { caller: ANONYMOUS, tokenProblem: error.message };
      throw error;
    }
  }
}

function toArrayBuffer(buffer: Buffer): ArrayBuffer {
  return Uint8Array.from(buffer).buffer;
}
