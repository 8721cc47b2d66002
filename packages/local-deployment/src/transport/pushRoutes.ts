import {
  configHashesRequest,
  finishPushRequest,
  startPushRequest,
  waitForSchemaRequest,
} from "../push/pushFormats.ts";
import { LARGEST_PUSH_BODY, readJson } from "../wire/jsonBodies.ts";
import { z } from "zod";
import type { App, Served } from "./context.ts";

/** The routes through which the CLI pushes code. Each carries the admin key in its body. */
export function addPushRoutes(app: App, { deployment, authenticator }: Served): void {
  const { pushes } = deployment;
  const route = <Schema extends z.ZodType<{ adminKey: string }>>(
    path: string,
    schema: Schema,
    handle: (request: z.output<Schema>) => unknown,
  ) =>
    app.post(path, async (context) => {
      const request = await readJson(context.req.raw, schema, LARGEST_PUSH_BODY);
      authenticator.requireAdminKey(request.adminKey);
      return context.json((await handle(request)) as object);
    });
  route("/api/get_config_hashes", configHashesRequest, () => pushes.configHashes());
  route("/api/deploy2/evaluate_schema", startPushRequest, (push) => pushes.evaluateSchema(push));
  route("/api/deploy2/evaluate_push", startPushRequest, (push) => pushes.evaluatePush(push));
  route("/api/deploy2/start_push", startPushRequest, (push) => pushes.start(push));
  route("/api/deploy2/wait_for_schema", waitForSchemaRequest, ({ schemaChange }) =>
    pushes.waitForSchema(schemaChange.schemaIds),
  );
  route("/api/deploy2/finish_push", finishPushRequest, (push) => pushes.finish(push));
  route("/api/deploy2/report_push_completed", z.looseObject({ adminKey: z.string() }), () => null);
}
