import { z } from "zod";

import { requireAdmin } from "../authentication/authenticator.ts";
import { badRequest } from "../requestError.ts";
import type { ImportRequest } from "../snapshots/imports.ts";
import { LARGEST_PUBLIC_BODY, readBody, readJson } from "../wire/jsonBodies.ts";
import { callerOf, type App, type AppContext, type Served } from "./context.ts";

const LARGEST_PART = 512 * 1024 * 1024;

const finishUpload = z.looseObject({
  uploadToken: z.string(),
  import: z.looseObject({
    tableName: z.string().nullish(),
    componentPath: z.string().nullish(),
    mode: z.enum(["requireEmpty", "append", "replace", "replaceAll"]),
    format: z.enum(["csv", "jsonLines", "jsonArray", "zip"]),
  }),
});
const performImport = z.looseObject({ importId: z.string() });

/** `convex import` and `convex export`. */
export function addSnapshotRoutes(app: App, { deployment, authenticator }: Served): void {
  const { imports, exports } = deployment;
  const admin = async (context: AppContext) => requireAdmin(await callerOf(context, authenticator));
  app.post("/api/import/start_upload", async (context) => {
    await admin(context);
    return context.json({ uploadToken: imports.startUpload() });
  });
  app.post("/api/import/upload_part", async (context) => {
    await admin(context);
    const { uploadToken = "", partNumber = "" } = context.req.query();
    const content = await readBody(context.req.raw, LARGEST_PART);
    return context.json(imports.addPart(uploadToken, Number(partNumber), content));
  });
  app.post("/api/import/finish_upload", async (context) => {
    await admin(context);
    const body = await readJson(context.req.raw, finishUpload, LARGEST_PUBLIC_BODY);
    const importId = await imports.finishUpload(body.uploadToken, importRequest(body.import));
    return context.json({ importId });
  });
  app.post("/api/perform_import", async (context) => {
    await admin(context);
    const { importId } = await readJson(context.req.raw, performImport, LARGEST_PUBLIC_BODY);
    await imports.perform(importId);
    return context.json(null);
  });
  app.post("/api/export/request/zip", async (context) => {
    await admin(context);
    await exports.request({ includeStorage: context.req.query("includeStorage") === "true" });
    return context.json(null);
  });
  app.get("/api/export/zip/:ts", async (context) => {
    await admin(context);
    const ts = context.req.param("ts");
    const headers = {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename=snapshot_${ts}.zip`,
    };
    return new Response(Uint8Array.from(exports.get(ts)), { headers });
  });
}

function importRequest(given: z.infer<typeof finishUpload>["import"]): ImportRequest {
  const { tableName, componentPath, mode, format } = given;
  const component = componentPath ?? "";
  if (format === "zip") return { format: { type: "zip" }, mode, component };
  if (tableName == null)
    throw badRequest("InvalidName", `An import of the format ${format} needs the name of a table.`);
  if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(tableName))
    throw badRequest("InvalidName", `"${tableName}" isn't a valid table name.`);
  return { format: { type: format, table: tableName }, mode, component };
}
