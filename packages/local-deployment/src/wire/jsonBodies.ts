import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

import { z } from "zod";

import { badRequest, RequestError } from "../requestError.ts";

export const LARGEST_PUBLIC_BODY = 16 * 1024 * 1024 + 2000;
export const LARGEST_PUSH_BODY = 200_000_000;
/** The default of serde_json, with which the real backend reads. */
const DEEPEST_NESTING = 128;

const DECOMPRESS: Record<
  string,
  (content: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>
> = {
  br: promisify(brotliDecompress),
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
};

/** What is read of a request: a `Request` of the web, or what costs less to make. */
export type Received = {
  headers: { get(name: string): string | null };
  body: Request["body"] | AsyncIterable<Uint8Array>;
};

/** A request as a route of Hono on Node is given it. */
type Context = { env: { incoming: IncomingMessage }; req: { raw: Pick<Request, "body"> } };

/** A request's body and headers as they came: a `Request` made of them would cost as much as a query. */
export function receivedOf({ env: { incoming }, req }: Context): Received {
  const get = (name: string) => {
    const value = incoming.headers[name];
    return typeof value === "string" ? value : null;
  };
  // Who has looked into it already has made a `Request`, and the body is there.
  const body = incoming.readableDidRead
    ? req.raw.body
    : (incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>);
  return { headers: { get }, body };
}

/**
 * Reads and checks a JSON body.
 *
 * @param limit in bytes, after decompression.
 * @throws RequestError `BadJsonBody`
 */
export async function readJson<Schema extends z.ZodType>(
  request: Received,
  schema: Schema,
  limit: number,
): Promise<z.output<Schema>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([a-z.-]+\+)?json\b/i.test(type))
    throw badRequest("BadJsonBody", "Expected request with `Content-Type: application/json`");
  return parseJsonBody(await readText(request, limit), schema);
}

/**
 * Checks the text of a JSON body.
 *
 * @throws RequestError `BadJsonBody`
 */
export function parseJsonBody<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
): z.output<Schema> {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badRequest("BadJsonBody", `Failed to parse the request body as JSON: ${reason}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw badRequest(
    "BadJsonBody",
    `Failed to deserialize the JSON body: ${z.prettifyError(parsed.error)}`,
  );
}

/**
 * Reads JSON text that is nested as deep as the real backend reads, and no deeper: what follows recurses.
 *
 * @throws Error
 */
export function parseJson(text: string): unknown {
  const json: unknown = JSON.parse(text);
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST_NESTING) throw new Error("recursion limit exceeded");
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? (Object.values(value) as unknown[]) : [],
    );
  }
  return json;
}

/** The body of a request, which may not be longer than the limit (in bytes). */
export async function readBody(request: Received, limit: number): Promise<Buffer> {
  const tooLarge = () =>
    badRequest("BadJsonBody", `The request body is larger than the limit of ${limit} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength;
      if (length > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    // Nobody is there any more to read the answer.
    throw badRequest("ClientDisconnect", "The client has gone before its request was read.");
  }
  return Buffer.concat(chunks);
}

/** The text of a request, decompressed. It may not be longer than the limit (in bytes). */
export async function readText(request: Received, limit: number): Promise<string> {
  const content = await readBody(request, limit);
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding === "identity") return content.toString();
  const decompress = DECOMPRESS[encoding];
  if (decompress === undefined)
    throw badRequest("BadJsonBody", `Content-Encoding ${encoding} is not supported.`);
  try {
    return (await decompress(content, { maxOutputLength: limit })).toString();
  } catch {
    throw badRequest("BadJsonBody", `The body is no ${encoding} stream, or is too large.`);
  }
}
