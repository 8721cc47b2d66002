import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import sirv from "sirv";

import { contentSecurityPolicy, originsOf } from "./contentSecurityPolicy.ts";

const BUILT_PAGE = fileURLToPath(new URL("../dist/", import.meta.url));

export type PageServerOptions = {
  /** The deployment that the page shows. */
  deploymentUrl: string;
  /** @default 0, any free one */
  port?: number;
  /**
   * Where artifacts may be fetched from for a preview.
   * @default ["https:"]
   */
  artifactOrigins?: readonly string[];
  /**
   * Where the built page is.
   * @default this package's `dist/`
   */
  folder?: string;
};

export type PageServer = AsyncDisposable & { url: string; close(): Promise<void> };

/**
 * Serves the built page on this machine, configured for a deployment, under the exact Content-Security-Policy.
 *
 * @throws Error where the page has not been built, or the port is taken.
 */
export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const folder = options.folder ?? BUILT_PAGE;
  if (!existsSync(join(folder, "index.html")))
    throw new Error("The dashboard has not been built: run `npx pnpm@12 build` first.");
  const headers = headersFor(options);
  const configuration = JSON.stringify({ deploymentUrl: options.deploymentUrl });
  const serveFile = sirv(folder);
  const server = createServer((request, response) => {
    response.setHeaders(headers);
    if (request.url?.split("?")[0] === "/config.json")
      response.setHeader("content-type", "application/json").end(configuration);
    else
      serveFile(request, response, () => {
        response.writeHead(404).end();
      });
  });
  await listen(server, options.port ?? 0);
  const close = () => closeServer(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, close, [Symbol.asyncDispose]: close };
}

function headersFor({ deploymentUrl, artifactOrigins = ["https:"] }: PageServerOptions): Headers {
  const connections = [...originsOf(deploymentUrl), ...artifactOrigins];
  return new Headers({
    "content-security-policy": contentSecurityPolicy(connections, "header"),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
  });
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
