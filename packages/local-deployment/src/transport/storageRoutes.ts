import { badRequest, RequestError } from "../requestError.ts";
import { readBody } from "../wire/jsonBodies.ts";
import { byteRange } from "./byteRange.ts";
import type { App, Served } from "./context.ts";

const LARGEST_FILE = 1024 * 1024 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// What a URL leads to never changes.
const CACHE = "private, max-age=2592000";
const DIGEST = /^sha-256=(.+)$/i;

/** Uploads to the URLs that `storage.generateUploadUrl()` gives, downloads from those of `storage.getUrl()`. */
export function addStorageRoutes(app: App, { deployment }: Served): void {
  app.post("/api/storage/upload", async (context) => {
    const component = deployment.uploadTokens.check(context.req.query("token") ?? "");
    const content = await readBody(context.req.raw, LARGEST_FILE);
    const digest = context.req.header("digest");
    const [, sha256] = DIGEST.exec(digest ?? "") ?? [];
    if (digest !== undefined && sha256 === undefined)
      throw badRequest("BadHeader", "The header Digest must be `sha-256=<base64>`.");
    const contentType = context.req.header("content-type") ?? null;
    const storageId = await deployment.storeFile(component, { content, contentType, sha256 });
    return context.json({ storageId });
  });
  app.get("/api/storage/:id", async (context) => {
    const id = context.req.param("id");
    if (!UUID.test(id))
      throw badRequest(
        "InvalidStoragePath",
        `Invalid storage path: "${id}". Get the URL of a file from \`storage.getUrl(storageId)\`.`,
      );
    const file = deployment.files.find(id);
    const content = await deployment.blobs.get(id);
    if (file?.component !== (context.req.query("component") ?? "") || content === null)
      throw new RequestError(404, "FileNotFound", `File ${id} not found`);
    const { contentType, sha256 } = file.document as { contentType?: string; sha256?: string };
    const headers = new Headers({ "accept-ranges": "bytes", "cache-control": CACHE });
    if (contentType !== undefined) headers.set("content-type", contentType);
    const range = byteRange(context.req.header("range"), content.length);
    if (range === "unsatisfiable") return new Response(null, { status: 416 });
    if (range === null) headers.set("digest", `sha-256=${sha256 ?? ""}`);
    else headers.set("content-range", `bytes ${range.from}-${range.to}/${content.length}`);
    const part = range === null ? content : content.subarray(range.from, range.to + 1);
    headers.set("content-length", String(part.length));
    return new Response(Uint8Array.from(part), { status: range === null ? 200 : 206, headers });
  });
}
